"""Unpack an uploaded ZIP without believing anything it says."""

from __future__ import annotations

import errno
import lzma
import shutil
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from heldout.errors import BadInput, Problem, Problems

CHUNK = 1 << 20
_UNSOUND = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    ValueError,
)
# A full disk is our fault; a bzip2 stream that is none has no number.
_THEIR_FAULT = {
    None, errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EINVAL,
}  # fmt: skip
# What archivers of desktop systems leave behind.
IGNORED = ("__MACOSX/", ".DS_Store", "Thumbs.db")


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most an archive may unpack to."""

    size: int
    files: int


def unpack(archive: BinaryIO, folder: Path, *, bounds: Bounds) -> Path:
    """Unpack into an empty folder; returns the folder that holds `challenge.toml`.

    Sizes and names are checked before the first byte is written, and sizes again while writing.

    Raises:
        BadInput: It is no ZIP, too large, or has members outside, links, or encrypted ones.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = _members(opened, bounds)
            left = bounds.size
            for member in members:
                left -= _write(opened, member, folder, left)
    except _UNSOUND as error:
        raise BadInput([Problem("file", f"it is not a sound ZIP archive ({error})")]) from None
    except OSError as error:
        if error.errno not in _THEIR_FAULT:
            raise
        message = "two of its members have one name, or a name no folder can hold"
        raise BadInput([Problem("file", message)]) from None
    return _top(folder)


def _members(archive: zipfile.ZipFile, bounds: Bounds) -> list[zipfile.ZipInfo]:
    problems = Problems()
    members = [one for one in archive.infolist() if not _is_ignored(one.filename)]
    if len(members) > bounds.files:
        problems.add("file", f"it has more than {bounds.files:,} members")
    if sum(one.file_size for one in members) > bounds.size:
        problems.add("file", f"unpacked it is larger than {bounds.size / 1e6:,.0f} MB")
    for one in members[: bounds.files]:
        if wrong := _fault(one):
            problems.add(one.filename[:200], wrong)
    problems.refuse_if_any()
    return [one for one in members if not one.is_dir()]


def _is_ignored(name: str) -> bool:
    return name.startswith(IGNORED[0]) or name.rpartition("/")[2] in IGNORED[1:]


def _fault(member: zipfile.ZipInfo) -> str:
    path = PurePosixPath(member.filename)
    kind = stat.S_IFMT(member.external_attr >> 16)
    if not path.parts:
        return "it has no name"
    if path.is_absolute() or ".." in path.parts or "\\" in member.filename or ":" in path.parts[0]:
        return "its path leads out of the archive"
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return "it is a link or a special file"
    if member.flag_bits & 0x1:
        return "it is encrypted"
    return ""


def _write(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, most: int) -> int:
    target = folder / member.filename
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with archive.open(member) as source, target.open("xb") as out:
        while chunk := source.read(CHUNK):
            written += len(chunk)
            if written > most:
                raise BadInput([Problem(member.filename[:200], "it is larger than it says")])
            out.write(chunk)
    return written


def _top(folder: Path) -> Path:
    """Step into the one folder most archives consist of."""
    inside = list(folder.iterdir())
    if len(inside) == 1 and inside[0].is_dir():
        return inside[0]
    return folder


def discard(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
