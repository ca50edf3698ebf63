"""What is deleted: files that were refused long ago, and files that belong to no submission."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction

from heldout.site.submissions import storage
from heldout.site.submissions.models import Status, Submission

UNFINISHED = timedelta(days=1)

log = logging.getLogger(__name__)


@contextmanager
def undone_unless_named(stored: storage.Stored) -> Iterator[None]:
    """Delete a stored file if what would name it fails."""
    try:
        yield
    except (OperationalError, InterfaceError):
        # The database may have committed and not said so: a day later it is known.
        raise
    except Exception:
        if not Submission.objects.filter(sha256=stored.sha256).exists():
            storage.undo(stored)
        raise


def delete_unfinished(*, now: datetime) -> int:
    """Delete what uploads left that were cut off long ago, in whichever step; returns how many."""
    before = (now - UNFINISHED).timestamp()
    return storage.delete_unfinished(before=before) + _delete_unnamed(before)


def _delete_unnamed(before: float) -> int:
    # Listed before the rows are read: what is handed in meanwhile is younger than those.
    files = storage.stored_before(before)
    if not files:
        return 0
    named = set(Submission.objects.order_by().values_list("sha256", flat=True))
    unnamed = [one for one in files if one not in named]
    if len(unnamed) > len(named):
        # So many are no leftovers: the database is rather another one than that of this folder.
        log.warning("%s submitted files are in no submission; none is deleted", len(unnamed))
        return 0
    return sum(storage.delete(one, before=before) for one in unnamed)


def delete_refused_files(*, now: datetime) -> int:
    """Delete the files of submissions that were refused long ago; their rows and problems stay.

    A file that somebody handed in again, and that was not refused then, is kept.
    """
    refused = Submission.objects.filter(status=Status.REFUSED, file_deleted_at=None)
    old = refused.filter(finished_at__lt=now - timedelta(days=settings.HELDOUT.refused_days))
    hashes = sorted(set(old.values_list("sha256", flat=True)))
    return sum(_delete(sha256, now) for sha256 in hashes)


def _delete(sha256: str, now: datetime) -> bool:
    """Say first that the file is gone: a row must not promise what is not there."""
    same = Submission.objects.filter(sha256=sha256)
    age = now - timedelta(days=settings.HELDOUT.refused_days)
    with transaction.atomic():
        found = same.select_for_update().values_list("status", "finished_at")
        if any(status != Status.REFUSED or at is None or at >= age for status, at in found):
            return False
        same.update(file_deleted_at=now)
    return storage.delete(sha256, before=age.timestamp())
