"""Archives, unpacked so that none can do harm: no links, no way out of the folder, limits on size."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from heldout.errors import BadInput, Problem, Problems

MOST_FILES = 2_000_000
MOST_BYTES = 1 << 40
LARGEST_RATIO = 200  # Unpacked to packed; images and tables stay far below.
_SLACK = 100 << 20  # Bytes below which the ratio is not looked at.
_ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".txz")


class _Member(NamedTuple):
    name: str
    size: int
    is_file: bool
    is_link: bool
    open: Callable[[], IO[bytes]]


def is_archive(path: Path) -> bool:
    """Whether a file is an archive by its name."""
    return path.is_file() and path.name.lower().endswith(_ENDINGS)


def unpack(path: Path, folder: Path) -> Path:
    """Unpack an archive into an empty folder and return where its content begins.

    Args:
        path: A ZIP or tar file, perhaps compressed.
        folder: Where to.

    Returns:
        The folder, or the only folder in it.

    Raises:
        BadInput: A member is a link or leads outside, or there is too much; nothing is left behind.
    """
    try:
        with _members(path) as members:
            _unpack_all(members, path, folder)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, OSError) as error:
        _empty(folder)
        message = f"is a damaged archive: {error}"
        raise BadInput([Problem(path.name, message, "copy it again from its source")]) from None
    except BadInput:
        _empty(folder)
        raise
    inside = [item for item in folder.iterdir() if item.name != "__MACOSX"]
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else folder


@contextmanager
def _members(path: Path) -> Iterator[Iterator[_Member]]:
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as packed:
            yield (_zip_member(packed, one) for one in packed.infolist())
    else:
        with tarfile.open(path) as archive:
            yield (_tar_member(archive, one) for one in archive)


def _zip_member(archive: zipfile.ZipFile, one: zipfile.ZipInfo) -> _Member:
    is_link = (one.external_attr >> 16) & 0o170000 == 0o120000
    is_file = not one.is_dir() and not is_link
    return _Member(one.filename, one.file_size, is_file, is_link, lambda: archive.open(one))


def _tar_member(archive: tarfile.TarFile, one: tarfile.TarInfo) -> _Member:
    def opened() -> IO[bytes]:
        stream = archive.extractfile(one)
        assert stream is not None
        return stream

    return _Member(one.name, one.size, one.isfile(), not one.isfile() and not one.isdir(), opened)


def _unpack_all(members: Iterator[_Member], path: Path, folder: Path) -> None:
    problems = Problems()
    limit = min(MOST_BYTES, path.stat().st_size * LARGEST_RATIO + _SLACK)
    written = 0
    for number, member in enumerate(members):
        if number >= MOST_FILES:
            problems.add(path.name, f"holds more than {MOST_FILES:,} files")
            break
        fault = _fault(member)
        if fault:
            problems.add(f"{path.name}: {member.name!r}", fault, "pack plain files only")
            continue
        if member.is_file and not problems:
            written += _write(member, folder, limit - written)
            if written > limit:
                problems.add(path.name, "unpacks to far more than its size allows for")
                break
    problems.refuse_if_any()


def _fault(member: _Member) -> str:
    parts = member.name.replace("\\", "/").split("/")
    if member.name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
        return "leads outside the archive"
    if "\0" in member.name:
        return "has a name that is not text"
    return "is a link or a device" if member.is_link else ""


def _write(member: _Member, folder: Path, limit: int) -> int:
    """Write one file and return its size; stops as soon as there is more than the limit."""
    target = folder / member.name.replace("\\", "/")
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with member.open() as source, target.open("wb") as stream:
        while piece := source.read(1 << 20):
            written += len(piece)
            if written > limit:
                break
            stream.write(piece)
    return written


def _empty(folder: Path) -> None:
    for item in folder.iterdir():
        remove: Callable[[Any], None] = shutil.rmtree if item.is_dir() else Path.unlink
        remove(item)
