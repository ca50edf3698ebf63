"""Small pictures, made once per medium and kept under its name; indexes and revisions share them."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from pathlib import Path
from threading import BoundedSemaphore

from django.conf import settings

from heldout.datasets.atomic import replacing
from heldout.datasets.media import in_threads
from heldout.datasets.rendering import render
from heldout.datasets.tables import format_of
from heldout.errors import Problems
from heldout.site.catalog.models import DataRevision
from heldout.site.catalog.reading import layout_of
from heldout.site.catalog.services import data_folder, path_of
from heldout.site.common import jobs

THUMBNAILS = "thumbnails"
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
    """Deep pixels are seen through the window the file asks for, else through all of their range."""
    small = render(path, edge=SIDE).image
    with replacing(place, durable=False) as part:
        small.save(part, format="WEBP", quality=80, method=2)


def request_all(*, revision: DataRevision, now: datetime) -> None:
    """Have a worker make the thumbnails before anybody looks; they are the same for all revisions."""
    if layout_of(revision).media:
        key = f"{THUMBNAILS}:{revision.pk}"
        jobs.enqueue(THUMBNAILS, key=key, payload={"revision": revision.pk}, now=now)


def make_all(revision: DataRevision) -> int:
    """Make what is not there yet; returns how many pictures of the revision can be shown."""
    folder, layout = data_folder(revision), layout_of(revision)
    names: dict[str, None] = {}
    for file in revision.files.exclude(split=""):
        kind = format_of(Path(file.name).suffix)
        table = kind.read(path_of(file), Problems()) if kind else None
        if table is not None and layout.media in table.frame.columns:
            names |= dict.fromkeys(table.frame[layout.media].drop_nulls().to_list())
    paths = (path for name in names if (path := folder / str(name)).is_file())
    return sum(made is not None for made in in_threads(thumbnail, paths))
