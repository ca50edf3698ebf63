"""What many readers see alike and takes long to make: made once, by one thread of one process.

The others of the machine wait for it and read its file. Each process keeps in memory what it has
read.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

from django.conf import settings
from django.core.cache import cache

from heldout import __version__
from heldout.datasets.atomic import make_folder, write_bytes

KEEP_SECONDS = 600


def rendered(name: str, make: Callable[[], bytes]) -> bytes:
    """Return what has this name, which must change with whatever it shows; made if nobody has."""
    digest = hashlib.sha256(f"{__version__} {name}".encode()).hexdigest()
    key = f"rendered:{digest}"
    kept = cast("bytes | None", cache.get(key))
    if kept is None:
        kept = _of_all(digest, make)
        cache.set(key, kept, KEEP_SECONDS)
    return kept


def forget_all() -> None:
    """Begin anew: another database may have been put into the data folder."""
    shutil.rmtree(settings.RENDERED, ignore_errors=True)


def _of_all(digest: str, make: Callable[[], bytes]) -> bytes:
    # Few files to lock, so that none is left behind: those of other names rarely wait.
    folder = Path(settings.RENDERED) / digest[0]
    file = folder / digest
    found = _read(file)
    if found is not None:
        return found
    make_folder(folder, mode=0o700, durable=False)
    with _alone(folder):
        found = _read(file)
        if found is None:
            found = make()
            write_bytes(file, found, mode=0o600, durable=False)
            _forget(folder, before=time.time() - KEEP_SECONDS)
    return found


def _read(file: Path) -> bytes | None:
    with suppress(FileNotFoundError):
        return file.read_bytes()
    return None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One thread of the machine at a time; the kernel lets the next in if this one dies."""
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _forget(folder: Path, *, before: float) -> None:
    for file in folder.iterdir():
        with suppress(FileNotFoundError):
            if file.name != "lock" and file.stat().st_mtime < before:
                file.unlink()
