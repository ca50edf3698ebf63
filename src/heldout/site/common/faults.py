"""Faults of the machine that a visitor can be told of: a full disk, a database that is away."""

from __future__ import annotations

import errno

from django.db import DatabaseError, InterfaceError, OperationalError

from heldout.errors import Problem
from heldout.site.common.objects import StorageFault

RETRY_SECONDS = 30
_FULL = {errno.ENOSPC, errno.EDQUOT}
_READ_ONLY = {errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM}
_WORDS_OF_SQLITE = {"full": "disk is full", "read-only": "readonly database"}


def explain(error: BaseException) -> Problem | None:
    """What to tell the visitor if the machine is at fault; None: it is a fault of the program."""
    text = str(error)
    full = isinstance(error, OSError) and error.errno in _FULL
    read_only = isinstance(error, OSError) and error.errno in _READ_ONLY
    if isinstance(error, DatabaseError | InterfaceError):
        full = _WORDS_OF_SQLITE["full"] in text or "No space left" in text
        read_only = _WORDS_OF_SQLITE["read-only"] in text or "read-only transaction" in text
    if isinstance(error, StorageFault):
        return _later("the site's storage does not answer")
    if full:
        return _later("the site's disk is full")
    if read_only:
        return _later("the site's disk cannot be written")
    if isinstance(error, OperationalError | InterfaceError):
        return _later("the site's database does not answer")
    return None


def _later(message: str) -> Problem:
    return Problem("", f"{message}; nothing was stored", "try again later")
