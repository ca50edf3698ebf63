"""The one queue of the site: leased rows of the job table.

Enqueue inside the transaction that makes the work necessary, finish inside the one that writes its
result: then a job is neither lost nor done twice, whatever is killed and when.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Min, QuerySet
from django.db.models.functions import Greatest

from heldout.errors import HeldoutError
from heldout.site.common import wake
from heldout.site.common.handlers import HANDLERS
from heldout.site.common.models import Job, JobState, Lane

SETTLED = (JobState.READY, JobState.RUNNING, JobState.DONE)
BACKOFF = timedelta(seconds=2)


class LeaseLost(HeldoutError):
    """Somebody else has this work now; what was computed must not be written."""


def enqueue(
    kind: str,
    *,
    key: str,
    payload: dict[str, Any],
    now: datetime,
    lane: str = "",
    priority: int = 0,
) -> Job | None:
    """Add work, unless work with this key is waiting, running or done already.

    `lane` names who shares a turn: each lane has its own virtual clock, so forty jobs of one team
    stand behind the first job of every other.
    """
    with transaction.atomic():
        earlier = Job.objects.filter(key=key).order_by("-attempt").first()
        if earlier is not None and earlier.state in SETTLED:
            return None
        job = Job(
            kind=kind,
            key=key,
            payload=payload,
            attempt=earlier.attempt + 1 if earlier else 1,
            lane=lane,
            priority=priority,
            virtual_time=_next_turn(lane),
            run_at=now,
            created_at=now,
        )
        job.max_attempts = job.attempt - 1 + settings.HELDOUT.attempts
        try:
            with transaction.atomic():
                job.save()
        except IntegrityError:  # Another process was first.
            return None
        transaction.on_commit(wake.worker)
    return job


def enqueue_daily(*, now: datetime) -> None:
    """Add the work that comes by itself every day, unless somebody has."""
    for kind in (kind for kind, handler in HANDLERS.items() if handler.daily):
        enqueue(kind, key=f"{kind}:{now:%Y-%m-%d}", payload={}, now=now, lane=kind)


def _next_turn(lane: str) -> float:
    """Advance the lane's clock by one job, and never let an idle lane save up turns."""
    base = Job.objects.filter(state=JobState.READY).aggregate(at=Min("virtual_time"))["at"] or 0.0
    Lane.objects.get_or_create(name=lane)
    Lane.objects.filter(name=lane).update(virtual_time=Greatest(F("virtual_time"), base) + 1.0)
    return Lane.objects.values_list("virtual_time", flat=True).get(name=lane)


def claim(*, owner: str, now: datetime, slow: bool | None = None) -> Job | None:
    """Take the next job, or nothing; with `slow`, only of the slow kinds or only of the others."""
    kinds = [kind for kind, handler in HANDLERS.items() if slow in (None, handler.slow)]
    with transaction.atomic():
        job = _ready(now).filter(kind__in=kinds).order_by("-priority", "virtual_time", "id").first()
        if job is None:
            return None
        job.state, job.owner = JobState.RUNNING, owner
        job.started_at = job.heartbeat_at = now
        job.lease_until = now + lease_length()
        job.save(update_fields=["state", "owner", "started_at", "heartbeat_at", "lease_until"])
    return job


def _ready(now: datetime) -> QuerySet[Job]:
    ready = Job.objects.filter(state=JobState.READY, run_at__lte=now)
    if connection.features.has_select_for_update_skip_locked:
        return ready.select_for_update(skip_locked=True)
    return ready  # SQLite: the transaction holds the only write lock already.


def lease_length() -> timedelta:
    return timedelta(seconds=settings.HELDOUT.worker_lease)


def held(job: Job) -> QuerySet[Job]:
    """The job's row, as long as this owner's lease stands: the fence."""
    return Job.objects.filter(pk=job.pk, state=JobState.RUNNING, owner=job.owner)


def heartbeat(job: Job, *, now: datetime) -> bool:
    """Say that the job is still being worked on; False if it was given to another."""
    return bool(held(job).update(heartbeat_at=now, lease_until=now + lease_length()))


@contextmanager
def finishing(job: Job, *, now: datetime) -> Iterator[None]:
    """End the job and write its result in one transaction.

    Raises:
        LeaseLost: The lease has passed to another; nothing of the result is written.
    """
    with transaction.atomic():
        if not held(job).update(state=JobState.DONE, finished_at=now, lease_until=None):
            raise LeaseLost(f"the lease of {job} is over")
        yield


def fail(job: Job, *, error: str, now: datetime, hopeless: bool = False) -> Job | None:
    """Record a failure; returns the next attempt, or None when there is none."""
    return _end(job, JobState.FAILED, error=error, now=now, hopeless=hopeless)


def expire(*, now: datetime, owner: str = "") -> int:
    """Take jobs from silent workers, or from an owner known to be dead; returns how many."""
    silent = Job.objects.filter(state=JobState.RUNNING)
    silent = silent.filter(owner=owner) if owner else silent.filter(lease_until__lt=now)
    for job in silent:
        _end(job, JobState.EXPIRED, error=f"the worker {job.owner} fell silent", now=now)
    return len(silent)


def _end(
    job: Job, state: JobState, *, error: str, now: datetime, hopeless: bool = False
) -> Job | None:
    last = hopeless or job.attempt >= job.max_attempts
    with transaction.atomic():
        ended = (
            held(job).filter(lease_until=job.lease_until)
            if state == JobState.EXPIRED
            else held(job)
        )
        if not ended.update(
            state=JobState.DEAD if last else state,
            error=error[:4000],
            finished_at=now,
            lease_until=None,
        ):
            return None
        if not last:
            return _retry(job, now=now)
        HANDLERS[job.kind].give_up(job, now)
    return None


def _retry(job: Job, *, now: datetime) -> Job:
    return Job.objects.create(
        kind=job.kind,
        key=job.key,
        payload=job.payload,
        attempt=job.attempt + 1,
        max_attempts=job.max_attempts,
        lane=job.lane,
        priority=job.priority,
        virtual_time=job.virtual_time,
        run_at=now + BACKOFF * job.attempt**2,
        created_at=now,
    )


def cancel(key_prefix: str, *, now: datetime) -> bool:
    """Take back work that nobody has begun; False if there is none."""
    waiting = Job.objects.filter(key__startswith=key_prefix, state=JobState.READY)
    return bool(waiting.update(state=JobState.CANCELLED, finished_at=now))
