"""Images as files: what one is without decoding it, and whether it is whole."""

from __future__ import annotations

import threading
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

# Below Pillow's own warning, so that what we accept never warns.
LARGEST_PIXELS = 80_000_000

SUFFIXES = {
    "PNG": (".png",),
    "JPEG": (".jpg", ".jpeg"),
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp",),
}
IMAGE_SUFFIXES = frozenset(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)

_header_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What an image's header says.

    Attributes:
        format: Pillow's name, such as `PNG`.
        width: In pixels, before any rotation EXIF asks for.
        height: In pixels.
        frames: 1 for a still image.
    """

    format: str
    width: int
    height: int
    frames: int


@dataclass(frozen=True, slots=True)
class MediaFault:
    """Why a file is no usable image, and the way out."""

    message: str
    remedy: str = ""


def inspect_image(path: Path) -> ImageFacts | MediaFault:
    """Return what the header says, or why it is not an image. Decodes no pixels."""
    try:
        with open_image(path) as image:
            frames = getattr(image, "n_frames", 1)
            return ImageFacts(image.format or "", image.width, image.height, frames)
    except Exception as error:  # A decoder given a damaged file raises nearly anything.
        return _fault(error)


def open_image(path: Path) -> Image.Image:
    """Open an image of an allowed format whose size is within the limit; pixels are not decoded.

    Raises:
        OSError: It is no such image, or is damaged.
        PIL.Image.DecompressionBombError: It claims more than `LARGEST_PIXELS`.
    """
    from PIL import Image

    # Pillow warns of large images through process-wide filters, so one thread at a time sets them.
    with _header_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        image = Image.open(path, formats=list(SUFFIXES))
    if image.width * image.height > LARGEST_PIXELS:
        image.close()
        raise Image.DecompressionBombError(f"{image.width} x {image.height} pixels")
    return image


def _fault(error: Exception) -> MediaFault:
    from PIL import Image, UnidentifiedImageError

    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        limit = f"more than {LARGEST_PIXELS // 1_000_000} million pixels"
        return MediaFault(f"claims {limit}", "make the image smaller")
    if isinstance(error, UnidentifiedImageError):
        return MediaFault("is not an image of a known format", f"known: {', '.join(SUFFIXES)}")
    return MediaFault("is damaged or cut short", "copy the file again from its source")


def check_image(path: Path) -> MediaFault | None:
    """Return why a file is no usable still image, or None. Checks the size before it decodes."""
    facts = inspect_image(path)
    if isinstance(facts, MediaFault):
        return facts
    if path.suffix.lower() not in SUFFIXES[facts.format]:
        right = SUFFIXES[facts.format][0]
        return MediaFault(
            f'is a {facts.format} file with the extension "{path.suffix}"', f"rename it to {right}"
        )
    if facts.frames > 1:
        return MediaFault(f"has {facts.frames} frames", "only still images can be examples")
    try:
        with open_image(path) as image:
            image.load()
    except Exception as error:  # See inspect_image.
        return _fault(error)
    return None
