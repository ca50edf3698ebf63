"""What is deleted after a while: files that were refused, and what broken uploads left behind."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from heldout.site.submissions import storage
from heldout.site.submissions.models import Status, Submission


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
