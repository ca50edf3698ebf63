from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from heldout.errors import Problem
from heldout.site.accounts.models import User
from heldout.site.challenges.access import require
from heldout.site.challenges.models import Challenge
from heldout.site.common import jobs
from heldout.site.common.models import Job, JobState
from heldout.site.common.problems import Refused

EXPORT = "export"
# Answers lie in it, so it is not kept for long.
LIFETIME = timedelta(days=3)


class Archive(NamedTuple):
    """An archive that was asked for; `size` is None until it is complete."""

    name: str
    asked_at: datetime
    until: datetime
    size: int | None
    failed: bool


def folder() -> Path:
    return Path(settings.DATA) / "exports"


def ask_for_archive(*, challenge: Challenge, by: User, now: datetime) -> str:
    """Have everything of the challenge exported; returns the name the archive will have."""
    require(by, "challenges.export", challenge)
    prefix = f"{EXPORT}:{challenge.pk}:"
    unfinished = (JobState.READY, JobState.RUNNING)
    if Job.objects.filter(key__startswith=prefix, state__in=unfinished).exists():
        raise Refused([Problem("archive", "one is being made already", "wait for it")])
    name = f"{challenge.slug}-{now:%Y-%m-%d}-{secrets.token_hex(4)}.zip"
    jobs.enqueue(
        EXPORT,
        key=f"{prefix}{name}",
        payload={"challenge": challenge.pk, "by": by.pk, "name": name},
        now=now,
    )
    return name


def archives(challenge: Challenge, *, now: datetime) -> list[Archive]:
    """The archives of a challenge that can be fetched or are being made, the newest first."""
    asked = Job.objects.filter(
        key__startswith=f"{EXPORT}:{challenge.pk}:", created_at__gt=now - LIFETIME, attempt=1
    )
    return [_archive(job) for job in asked.order_by("-id")]


def _archive(job: Job) -> Archive:
    name = job.payload["name"]
    file = folder() / name
    dead = Job.objects.filter(key=job.key, state=JobState.DEAD).exists()
    size = file.stat().st_size if file.is_file() else None
    return Archive(name, job.created_at, job.created_at + LIFETIME, size, dead)


def find_archive(challenge: Challenge, name: str, *, now: datetime) -> Path | None:
    known = {one.name for one in archives(challenge, now=now) if one.size is not None}
    return folder() / name if name in known else None


def forget_old_archives(*, now: datetime) -> None:
    for file in folder().glob("*.zip"):
        if datetime.fromtimestamp(file.stat().st_mtime, now.tzinfo) < now - LIFETIME:
            file.unlink(missing_ok=True)
