"""Django's backend for SQLite, whose writers take turns.

SQLite lets one connection write at a time. Who finds another at it sleeps, ever longer, up to a tenth
of a second, and loses to whoever comes by just then: in a rush most time went by asleep. Here those
who wait look a thousand times a second, one of each process, so the next begins as soon as one ends.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections import defaultdict

from django.db import OperationalError
from django.db.backends.sqlite3 import base

LOOK_SECONDS = 0.001
# A child begins with none held, whatever its parent was doing when it forked.
_locks: dict[str, threading.Lock] = defaultdict(threading.Lock)
os.register_at_fork(after_in_child=_locks.clear)


class Turn:
    """The right to write to a file: among threads by a lock, among processes by the kernel's.

    The kernel takes it from a process that dies. Each connection has its own.
    """

    def __init__(self, database: str, *, patience: float) -> None:
        self._file = f"{database}-turn"
        self._patience = patience
        self._held: tuple[threading.Lock, int] | None = None

    def take(self) -> None:
        """Wait until nobody else writes.

        Raises:
            OperationalError: Somebody has been writing for too long.
        """
        deadline, lock = time.monotonic() + self._patience, _locks[self._file]
        if not lock.acquire(timeout=self._patience):
            raise OperationalError("database is locked")
        try:
            self._held = lock, self._flock(deadline)
        except BaseException:
            lock.release()
            raise

    def _flock(self, deadline: float) -> int:
        handle = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while not _is_ours(handle):
                if time.monotonic() > deadline:
                    raise OperationalError("database is locked")
                time.sleep(LOOK_SECONDS)
        except BaseException:
            os.close(handle)
            raise
        return handle

    def give(self) -> None:
        if self._held is None:
            return
        (lock, handle), self._held = self._held, None
        fcntl.flock(handle, fcntl.LOCK_UN)
        os.close(handle)
        lock.release()


def _is_ours(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class DatabaseWrapper(base.DatabaseWrapper):
    """A transaction has the turn from its beginning to its end."""

    _turn: Turn | None = None

    def _start_transaction_under_autocommit(self) -> None:
        if not self.is_in_memory_db():
            self._turn = self._turn or self._new_turn()
            self._turn.take()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._give()
            raise

    def _new_turn(self) -> Turn:
        patience = self.settings_dict["OPTIONS"].get("timeout", 5)
        return Turn(str(self.settings_dict["NAME"]), patience=patience)

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]
        # Not where it fails: then Django rolls back.
        self._give()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._give()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._give()

    def _give(self) -> None:
        if self._turn is not None:
            self._turn.give()
