"""Media of a data set: where a path may lead, many checks at once, names by content."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import TypeVar

from heldout.datasets.atomic import write_bytes
from heldout.datasets.images import MediaFault, check_image
from heldout.datasets.stages import told
from heldout.datasets.stripping import strip

Given = TypeVar("Given")
Made = TypeVar("Made")


def locate(root: Path, name: str) -> Path | MediaFault:
    """Return where a relative media path leads, or why it may not be followed.

    The file must lie inside `root`, also after every symbolic link is resolved.
    """
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or "\\" in name or Path(name).is_absolute():
        return MediaFault(
            "leads outside the folder of the data set", "use a path relative to that folder"
        )
    path = root / name
    try:
        resolved = path.resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        return MediaFault("is not there")
    if not resolved.is_relative_to(root.resolve()):
        return MediaFault("leads outside the folder of the data set", "copy the file into it")
    return path if resolved.is_file() else MediaFault("is not a file")


def check_media(root: Path, names: Iterable[str], *, decode: bool) -> list[MediaFault | None]:
    """Check many media paths at once, on as many threads as help.

    Args:
        root: The folder the names are relative to.
        names: Relative paths.
        decode: Also decode every image, which finds the truncated ones.
    """

    def check(name: str) -> MediaFault | None:
        path = locate(root, name)
        if isinstance(path, MediaFault):
            return path
        return check_image(path) if decode else None

    return in_threads(check, names, stage="looking at the images")


def in_threads(
    task: Callable[[Given], Made], items: Iterable[Given], *, stage: str = "reading files"
) -> list[Made]:
    """Return the results of file work in order; Pillow and hashlib let threads run at once.

    Args:
        task: What to do with each item.
        items: Such as paths.
        stage: What to call it where progress is shown.
    """
    given = list(items)
    with ThreadPoolExecutor(max_workers=4) as pool:
        return list(told(stage, pool.map(task, given), total=len(given)))


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def public_hash(path: Path) -> str:
    """Return the SHA-256 of what of an image may be published; of the file if it is damaged.

    A hash of the whole file would depend on its metadata: where those name the class, trying out the
    classes would find the right one.
    """
    try:
        return hashlib.sha256(strip(path).content).hexdigest()
    except Exception:  # A decoder given a damaged file raises nearly anything.
        return content_hash(path)


def store_media(path: Path, folder: Path, *, durable: bool = True) -> str:
    """Copy an image under the hash of its content and return its name in the folder.

    What is stored carries no metadata: comments, EXIF and text chunks may name the class or the
    photographer. The pixels stay bit for bit; see `heldout.datasets.stripping`.

    Args:
        path: The image.
        folder: Where to store it.
        durable: Wait until the disk has it; not needed where a whole tree is flushed afterwards.
    """
    clean = strip(path)
    name = f"{hashlib.sha256(clean.content).hexdigest()}{clean.suffix}"
    target = folder / name
    if not target.exists():
        write_bytes(target, clean.content, durable=durable)
    return name
