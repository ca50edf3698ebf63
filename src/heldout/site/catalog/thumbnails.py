"""Small pictures, made once per medium and kept under its name; indexes and revisions share them."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from threading import BoundedSemaphore

from django.conf import settings
from PIL import Image, ImageOps

from heldout.datasets.atomic import replacing
from heldout.datasets.images import open_image

SIDE = 256
TYPE = "image/webp"
# Decoding takes memory: this many at a time in one process, the others wait.
_at_a_time = BoundedSemaphore(2)
_HASH = re.compile(r"[0-9a-f]{64}")


def place_of(path: Path) -> Path:
    """Where the thumbnail of a medium lies; media are named by their hash, others by their place."""
    named = _HASH.fullmatch(path.stem)
    name = path.stem if named else hashlib.sha256(str(path).encode()).hexdigest()
    return Path(settings.THUMBNAILS) / name[:2] / f"{name}-{SIDE}.webp"


def thumbnail(path: Path) -> Path | None:
    """The thumbnail of an image, made now if need be; None if it cannot be decoded."""
    place = place_of(path)
    if not place.is_file():
        try:
            with _at_a_time:
                make(path, place)
        except Exception:  # A decoder given a damaged file raises nearly anything.
            return None
    return place


def make(path: Path, place: Path) -> None:
    with open_image(path) as image:
        # JPEG is decoded at the smallest eighth that is large enough.
        image.draft("RGB", (SIDE, SIDE))
        small = ImageOps.exif_transpose(shown(image))
        if max(small.size) > SIDE:
            small.thumbnail((SIDE, SIDE), Image.Resampling.BOX, reducing_gap=2.0)
        with replacing(place, durable=False) as part:
            small.save(part, format="WEBP", quality=80, method=2)


def shown(image: Image.Image) -> Image.Image:
    """The image as eight-bit colours or greys; deep ones are stretched over their own range."""
    if image.mode in ("I", "I;16", "I;16B", "I;16L", "F"):
        low, high = (float(str(one)) for one in image.getextrema())
        scale = 255 / (high - low) if high > low else 1.0
        deep = image.convert("F")
        return deep.point(lambda value: value * scale - low * scale).convert("L")
    if image.mode in ("RGB", "RGBA", "L"):
        return image
    return image.convert("RGBA" if "transparency" in image.info else "RGB")
