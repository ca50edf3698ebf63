"""Submitted files: private, named by their content, checked when read."""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from heldout.errors import HeldoutError, Problem
from heldout.site.common import objects
from heldout.site.common.problems import Refused

CHUNK = 1 << 20


class DamagedFile(HeldoutError):
    """A stored file no longer has the content it was stored with."""


@dataclass(frozen=True, slots=True)
class Stored:
    sha256: str
    size: int


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
        stored = _write(upload, part, limit)
        _keep(part, path(stored.sha256))
    finally:
        part.unlink(missing_ok=True)
    return stored


def _write(upload: BinaryIO, part: Path, limit: int) -> Stored:
    content, size = hashlib.sha256(), 0
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while chunk := upload.read(CHUNK):
            size += len(chunk)
            if size > limit:
                most = f"{limit / 1e6:,.0f} MB"
                raise Refused([Problem("file", f"it is larger than {most}", "send a smaller one")])
            content.update(chunk)
            file.write(chunk)
        if not size:
            raise Refused([Problem("file", "it is empty")])
        file.flush()
        os.fsync(file.fileno())
    return Stored(content.hexdigest(), size)


def _keep(part: Path, final: Path) -> None:
    final.parent.mkdir(exist_ok=True, mode=0o700)
    part.replace(final)
    for folder in (final.parent, final.parent.parent):
        sync_folder(folder)
    objects.keep(final)


def delete(sha256: str, *, before: float) -> bool:
    """Delete a file that was stored before this moment; False if it was stored anew, or is gone.

    It is moved aside first: one that is handed in at this very moment is never what is deleted.
    """
    aside = Path(settings.SUBMISSIONS) / "incoming" / f"deleted-{secrets.token_hex(16)}"
    with suppress(FileNotFoundError):
        path(sha256).replace(aside)
        if aside.stat().st_mtime >= before:
            aside.replace(path(sha256))
            return False
        aside.unlink()
        objects.forget(path(sha256))
        return True
    return False


def delete_unfinished(*, before: float) -> int:
    """Delete what uploads that were cut off before this moment left behind; returns how many."""
    parts = (Path(settings.SUBMISSIONS) / "incoming").glob("*")
    old = [part for part in parts if part.stat().st_mtime < before]
    for part in old:
        part.unlink(missing_ok=True)
    return len(old)


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
