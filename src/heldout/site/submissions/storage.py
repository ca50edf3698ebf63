"""Submitted files: private, named by their content, checked when read."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from heldout.errors import HeldoutError, Problem
from heldout.site.common import objects
from heldout.site.common.problems import Refused

CHUNK = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


class DamagedFile(HeldoutError):
    """A stored file no longer has the content it was stored with."""


@dataclass(frozen=True, slots=True)
class Stored:
    """`born` tells the file from another of its name; None if there was one before."""

    sha256: str
    size: int
    born: tuple[int, int] | None = None


def path(sha256: str) -> Path:
    return Path(settings.SUBMISSIONS) / sha256[:2] / sha256


def store(upload: BinaryIO, *, limit: int) -> Stored:
    """Stream a file to disk under its SHA-256; it survives a power cut once this returns.

    Raises:
        Refused: It is empty or larger than `limit`; nothing is left behind.
    """
    incoming = Path(settings.SUBMISSIONS) / "incoming"
    incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = incoming / secrets.token_hex(16)
    try:
        sha256, size = _write(upload, part, limit)
        stored = Stored(sha256, size, _keep(part, path(sha256)))
    finally:
        part.unlink(missing_ok=True)
    try:
        objects.keep(path(sha256))
    except BaseException:
        _undo_here(stored)
        raise
    return stored


def hash_only(upload: BinaryIO, *, limit: int) -> str:
    """The SHA-256 that a file would be stored under; nothing of it is kept.

    Raises:
        Refused: It is empty or larger than `limit`.
    """
    content = hashlib.sha256()
    for chunk in _chunks(upload, limit):
        content.update(chunk)
    return content.hexdigest()


def _chunks(upload: BinaryIO, limit: int) -> Iterator[bytes]:
    size = 0
    while chunk := upload.read(CHUNK):
        size += len(chunk)
        if size > limit:
            most = f"{limit / 1e6:,.0f} MB"
            raise Refused([Problem("file", f"it is larger than {most}", "send a smaller one")])
        yield chunk
    if not size:
        raise Refused([Problem("file", "it is empty")])


def _write(upload: BinaryIO, part: Path, limit: int) -> tuple[str, int]:
    content = hashlib.sha256()
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for chunk in _chunks(upload, limit):
            content.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
        return content.hexdigest(), file.tell()


def _keep(part: Path, final: Path) -> tuple[int, int] | None:
    """Give a file its final name; None if there was one of that name."""
    final.parent.mkdir(exist_ok=True, mode=0o700)
    born: tuple[int, int] | None = _born(part)
    try:
        final.hardlink_to(part)
    except OSError:  # It is there, maybe damaged; or this disk knows no second names.
        part.replace(final)
        born = None
    for folder in (final.parent, final.parent.parent):
        sync_folder(folder)
    return born


def _born(file: Path) -> tuple[int, int]:
    about = file.stat()
    return about.st_ino, about.st_mtime_ns


def undo(stored: Stored) -> None:
    """Delete what was just stored, which no row names, unless it was there before or came again.

    Whoever stores the same content meanwhile has given the name to a file of their own.
    """
    if _undo_here(stored):
        _forget(path(stored.sha256))


def _undo_here(stored: Stored) -> bool:
    final = path(stored.sha256)
    with suppress(FileNotFoundError):
        if stored.born is not None and stored.born == _born(final):
            return _delete(final, unless=lambda aside: _born(aside) != stored.born)
    return False


def delete(sha256: str, *, before: float) -> bool:
    """Delete a file that was stored before this moment; False if it was stored anew, or is gone."""
    final = path(sha256)
    deleted = _delete(final, unless=lambda aside: aside.stat().st_mtime >= before)
    if deleted:
        _forget(final)
    return deleted


def _delete(final: Path, *, unless: Callable[[Path], bool]) -> bool:
    """It is moved aside first: one that is handed in at this very moment is never what is deleted."""
    aside = Path(settings.SUBMISSIONS) / "incoming" / f"deleted-{secrets.token_hex(16)}"
    try:
        final.replace(aside)
    except FileNotFoundError:
        return False
    if unless(aside):
        aside.replace(final)
        return False
    aside.unlink()
    return True


def _forget(final: Path) -> None:
    objects.forget(final)
    if final.exists():
        # It came again before the bucket forgot the old one.
        objects.keep(final)


def stored_before(moment: float) -> list[str]:
    """The names of the files that were stored before this moment."""
    found = []
    for file in Path(settings.SUBMISSIONS).glob("[0-9a-f][0-9a-f]/*"):
        with suppress(FileNotFoundError):
            if _SHA256.fullmatch(file.name) and file.stat().st_mtime < moment:
                found.append(file.name)
    return sorted(found)


def delete_unfinished(*, before: float) -> int:
    """Delete what uploads that were cut off before this moment left behind; returns how many."""
    deleted = 0
    for part in (Path(settings.SUBMISSIONS) / "incoming").glob("*"):
        with suppress(FileNotFoundError):
            if part.stat().st_mtime < before:
                part.unlink()
                deleted += 1
    return deleted


def sync_folder(folder: Path) -> None:
    """Flush a folder, so that a new name in it survives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    with suppress(OSError):
        os.fsync(handle)
    os.close(handle)


def at_hand(sha256: str) -> Path:
    """The path of a stored file, which is on this machine now."""
    return objects.fetch(path(sha256))


def verified(sha256: str) -> Path:
    """The path of a stored file whose content was just checked against its name."""
    try:
        file = at_hand(sha256)
        with file.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        raise DamagedFile(f"the stored file {sha256[:12]} is gone") from None
    if found != sha256:
        raise DamagedFile(f"the stored file {sha256[:12]} has changed on disk")
    return file
