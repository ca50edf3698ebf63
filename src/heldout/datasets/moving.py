"""Pictures that move, as frames: GIF, WebP and TIFF by Pillow, video by PyAV (extra `video`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from heldout.datasets.atomic import replacing
from heldout.datasets.identifiers import ID_LENGTH
from heldout.datasets.images import LARGEST_PIXELS, open_image
from heldout.datasets.media import content_hash
from heldout.datasets.table import ID, MEDIA
from heldout.errors import MissingExtra

if TYPE_CHECKING:
    from PIL import Image

VIDEO_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg"})
STACK_SUFFIXES = frozenset({".gif", ".webp", ".tif", ".tiff", ".png"})
MOST_FRAMES = 100_000


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a moving one.

    Attributes:
        number: Its place, from 0.
        seconds: When it is shown; for stacks without times, its number.
        image: In RGB or grey; of a stack as it is stored.
    """

    number: int
    seconds: float
    image: Image.Image


def frames(path: Path, *, every: float = 0.0) -> Iterator[Frame]:
    """Yield the frames of a moving picture.

    Args:
        path: A video, or an image of several frames.
        every: Seconds between two frames that are kept, at least; 0 keeps all.

    Raises:
        MissingExtra: It is a video and PyAV is not installed.
        OSError: It is damaged or too large.
    """
    found = _video(path) if path.suffix.lower() in VIDEO_SUFFIXES else _stack(path)
    due = 0.0
    for frame in found:
        if frame.number >= MOST_FRAMES:
            return
        if frame.seconds + 1e-9 >= due:
            yield frame
            due = max(due + every, frame.seconds) if every else 0.0


def _stack(path: Path) -> Iterator[Frame]:
    with open_image(path) as image:
        seconds = 0.0
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            yield Frame(
                number, seconds, image.copy() if image.mode != "P" else image.convert("RGB")
            )
            seconds += image.info.get("duration", 1000) / 1000


def _video(path: Path) -> Iterator[Frame]:
    try:
        import av
    except ImportError:
        raise MissingExtra(feature="reading video", extra="video") from None
    try:
        with av.open(path) as container:
            if not container.streams.video:
                raise OSError("has no pictures")
            stream = container.streams.video[0]
            if (stream.width or 0) * (stream.height or 0) > LARGEST_PIXELS:
                raise OSError(f"claims more than {LARGEST_PIXELS // 1_000_000} million pixels")
            for number, frame in enumerate(container.decode(stream)):
                seconds = float(number) if frame.pts is None else float(frame.time)
                yield Frame(number, seconds, frame.to_image())  # type: ignore[no-untyped-call]
    except av.FFmpegError as error:
        raise OSError(f"is damaged, or of a kind that cannot be read: {error}") from None


def extract(path: Path, folder: Path, *, every: float = 0.0) -> pl.DataFrame:
    """Write the frames of a moving picture as PNG files and return them as a table of examples.

    Returns:
        `example_id`, `image` (a name in the folder), `video` (the hash of the whole file, to keep the
        frames of one video on one side of a split), `file_name`, `frame` and `seconds`.
    """
    digest = content_hash(path)
    rows = []
    for frame in frames(path, every=every):
        name = f"{digest[:ID_LENGTH]}-{frame.number:06d}"
        with replacing(folder / f"{name}.png", durable=False) as temporary:
            frame.image.save(temporary, format="PNG")
        rows.append((name, f"{name}.png", digest, path.name, frame.number, frame.seconds))
    names = (ID, MEDIA, "video", "file_name", "frame", "seconds")
    return pl.DataFrame(rows, schema=list(names), orient="row")
