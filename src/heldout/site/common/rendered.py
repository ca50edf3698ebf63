"""What many readers see alike and takes long to make: made once, by one thread of one process.

The others of the machine wait for it and read its file. Each process keeps in memory what it has
read.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache as cache_forever
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.db import close_old_connections

from heldout import __version__
from heldout.datasets.atomic import make_folder, write_bytes

KEEP_SECONDS = 600
# While something changes all the time, what was right so long ago will do.
LATELY_SECONDS = 3.0
# Who waits for another to make it looks so often, and for so long.
LOOK_SECONDS = 0.002
PATIENCE = 10.0

_lock = threading.Lock()
_being_made: set[str] = set()

log = logging.getLogger(__name__)


def rendered(name: str, make: Callable[[], bytes], *, series: str) -> bytes:
    """Return what has this name, which must change with whatever it shows; made if nobody has.

    `series` names what stays the same when the content changes: of each, a process keeps the last.
    """
    digest = _digest(name)
    kept = _remembered(digest, series)
    if kept is None:
        kept = _of_all(digest, make, series)
        cache.set(_last_of(series), (digest, kept), KEEP_SECONDS)
    return kept


def lately(name: str, make: Callable[[], bytes], *, series: str) -> bytes:
    """Return the newest of a series if it was right a moment ago, and have `name` made meanwhile.

    Nobody waits then, but whoever comes when nobody has looked for a while.
    """
    digest = _digest(name)
    exact = _remembered(digest, series)
    if exact is not None:
        _is_right_still(digest, series)
        return exact
    newest = _newest(series)
    if newest is None:
        return rendered(name, make, series=series)
    _make_meanwhile(name, make, series)
    return newest


def _is_right_still(digest: str, series: str) -> None:
    pointer = _place(_last_of(series))
    with suppress(OSError):
        if pointer.read_text() == digest:
            os.utime(pointer)
        else:  # Who made an older one came to its end later.
            _point(pointer, digest)


def _point(pointer: Path, digest: str) -> None:
    write_bytes(pointer, digest.encode(), mode=0o600, durable=False)


def _digest(name: str) -> str:
    return hashlib.sha256(f"{__version__} {name}".encode()).hexdigest()


def _last_of(series: str) -> str:
    return _digest(f"the last of {series}")


def _remembered(digest: str, series: str) -> bytes | None:
    last, kept = cache.get(_last_of(series)) or ("", None)
    return kept if last == digest else None


def _newest(series: str) -> bytes | None:
    pointer = _place(_last_of(series))
    with suppress(OSError):
        if time.time() - pointer.stat().st_mtime < LATELY_SECONDS:
            digest = pointer.read_text()
            return _remembered(digest, series) or _read(_place(digest))
    return None


def _make_meanwhile(name: str, make: Callable[[], bytes], series: str) -> None:
    with _lock:
        if series in _being_made:
            return
        _being_made.add(series)

    def work() -> None:
        try:
            rendered(name, make, series=series)
        except Exception:
            log.exception("what readers wait for could not be made")
        finally:
            with _lock:
                _being_made.discard(series)

    in_background(work)


def in_background(work: Callable[[], None]) -> None:
    """Do it in the one thread for that, which keeps its connection to the database."""

    def run() -> None:
        work()
        # As Django does after a request.
        close_old_connections()

    _background().submit(run)


@cache_forever
def _background() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="rendering")


def forget_all() -> None:
    """Begin anew: another database may have been put into the data folder."""
    for folder in Path(settings.RENDERED).iterdir():
        shutil.rmtree(folder, ignore_errors=True)


def _place(digest: str) -> Path:
    # Few folders, each with a file to lock, so that none is left behind.
    return Path(settings.RENDERED) / digest[0] / digest


def _of_all(digest: str, make: Callable[[], bytes], series: str) -> bytes:
    file = _place(digest)
    found = _read(file)
    if found is not None:
        return found
    with _alone(file.parent):
        found = _read(file)
        if found is None:
            found = make()
            # On a full disk each process makes its own.
            with suppress(OSError):
                _keep(file, found, series)
    return found


def _keep(file: Path, content: bytes, series: str) -> None:
    write_bytes(file, content, mode=0o600, durable=False)
    _forget(file.parent, before=time.time() - KEEP_SECONDS)
    _point(_place(_last_of(series)), file.name)


def _read(file: Path) -> bytes | None:
    with suppress(OSError):
        if time.time() - file.stat().st_mtime < KEEP_SECONDS:
            return file.read_bytes()
    return None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One thread of the machine at a time, if it can be; the kernel lets the next in if this one dies."""
    handle = _locked(folder)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _locked(folder: Path) -> int | None:
    """None where nothing can be written, or whoever is at it does not come to an end."""
    try:
        make_folder(folder, mode=0o700, durable=False)
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return None
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOOK_SECONDS)
        except OSError:
            break
        else:
            return handle
    os.close(handle)
    return None


def _forget(folder: Path, *, before: float) -> None:
    for file in folder.iterdir():
        with suppress(FileNotFoundError):
            if file.name != "lock" and file.stat().st_mtime < before:
                file.unlink()
