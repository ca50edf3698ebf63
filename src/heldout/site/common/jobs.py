"""The one queue of the site: leased rows of the job table.

Enqueue inside the transaction that makes the work necessary, finish inside the one that writes its
result: then a job is neither lost nor done twice, whatever is killed and when.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Max, Min, QuerySet

from heldout.errors import HeldoutError
from heldout.site.common import audit, wake
from heldout.site.common.handlers import HANDLERS
from heldout.site.common.models import Gate, Job, JobState, Lane
from heldout.site.common.prepared import Given, Prepared, insert, prepared_cursor

SETTLED = (JobState.READY, JobState.RUNNING, JobState.DONE)
FAILURES = (JobState.FAILED, JobState.DEAD)
BACKOFF = timedelta(seconds=2)
LATEST = Prepared(lambda: Job.objects.filter(key=Given("key")).order_by("-attempt")[:1])
# The turn of the pool's job that has waited longest.
SOONEST = Prepared(
    lambda: (
        Job.objects.filter(state=JobState.READY, pool=Given("pool"))
        .order_by("virtual_time")
        .values_list("virtual_time", flat=True)[:1]
    )
)
WAITING = Prepared(
    lambda: _locked(
        Job.objects.filter(
            kind=Given("kind"), key__startswith=Given("prefix"), state=JobState.READY
        )
    )[:1]
)


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
    pool: str = "",
    gate: str = "",
    new: bool = False,
) -> Job | None:
    """Add work, unless work with this key is waiting, running or done already.

    `pool` and `lane` name who shares a turn. Pools take turns, and so do the lanes of a pool: forty
    jobs of one team stand behind the first job of every other, and a thousand jobs of one challenge
    behind the next job of another. While `gate` is closed the job waits. `new`: there cannot have
    been work with this key, so nobody looks.
    """
    with transaction.atomic(savepoint=False):
        earlier = None if new else LATEST.first(key=key)
        if earlier is not None and earlier.state in SETTLED:
            return None
        job = Job(
            kind=kind,
            key=key,
            payload=payload,
            attempt=earlier.attempt + 1 if earlier else 1,
            pool=pool,
            lane=lane,
            gate=gate,
            priority=priority,
            virtual_time=_next_turn(pool, lane),
            run_at=now,
            created_at=now,
        )
        job.max_attempts = job.attempt - 1 + _tries(kind)
        try:
            with transaction.atomic(savepoint=not new):
                insert(job)
        except IntegrityError:  # Another process was first.
            if new:
                raise
            return None
        transaction.on_commit(wake.worker)
    return job


def is_waiting(kind: str, *, key_prefix: str) -> bool:
    """Whether such a job waits, which begins only after this transaction and sees what it wrote."""
    return WAITING.first(kind=kind, prefix=key_prefix) is not None


def hasten(kind: str, *, key_prefix: str, to: datetime) -> bool:
    """Have such a job that waits begin at this moment at the latest; False if none waits.

    As with `is_waiting`, it begins only after this transaction and sees what it wrote. One that was
    tried before keeps its pause.
    """
    waiting = WAITING.first(kind=kind, prefix=key_prefix)
    if waiting is not None and waiting.attempt == 1 and waiting.run_at > to:
        Job.objects.filter(pk=waiting.pk).update(run_at=to)
    return waiting is not None


def waits(pool: str) -> bool:
    """Whether work of this pool is ready to begin."""
    return SOONEST.first(pool=pool) is not None


def next_due(*, now: datetime, within: timedelta, slow: bool | None = None) -> float | None:
    """Seconds until the next job may begin, if that is soon; `slow` as for `claim`."""
    soonest = _queue(slow).soonest.first(at=now + within)
    return max(0.0, (soonest - now).total_seconds()) if soonest else None


def enqueue_daily(*, now: datetime) -> None:
    """Add the work that comes by itself every day, unless somebody has."""
    for kind in (kind for kind, handler in HANDLERS.items() if handler.daily):
        enqueue(kind, key=f"{kind}:{now:%Y-%m-%d}", payload={}, now=now, lane=kind)


def _next_turn(pool: str, lane: str) -> float:
    """Advance the lane's clock by one job, and never let an idle lane or pool save up turns."""
    base = SOONEST.first(pool=pool)
    if base is None:
        _wake_pool(pool)
    least = base or 0.0
    with prepared_cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Lane._meta.db_table} AS lane (name, virtual_time) VALUES (%s, %s) "  # noqa: S608
            "ON CONFLICT (name) DO UPDATE SET virtual_time = 1.0 + "
            "CASE WHEN lane.virtual_time > %s THEN lane.virtual_time ELSE %s END "
            "RETURNING virtual_time",
            [lane, least + 1.0, least, least],
        )
        return float(cursor.fetchone()[0])


def _clock(pool: str) -> str:
    return f"pool {pool}"


def _wake_pool(pool: str) -> None:
    busy = Job.objects.filter(state=JobState.READY).order_by().values_list("pool", flat=True)
    clocks = Lane.objects.filter(name__in=[_clock(name) for name in busy.distinct()])
    base = clocks.aggregate(at=Min("virtual_time"))["at"] or 0.0
    Lane.objects.get_or_create(name=_clock(pool))
    Lane.objects.filter(name=_clock(pool), virtual_time__lt=base).update(virtual_time=base)


def claim(*, owner: str, now: datetime, slow: bool | None = None) -> Job | None:
    """Take the next job, or nothing; with `slow`, only of the slow kinds or only of the others."""
    with transaction.atomic():
        job = _next(_queue(slow), now)
        if job is None:
            return None
        Lane.objects.filter(name=_clock(job.pool)).update(virtual_time=F("virtual_time") + 1.0)
        job.state, job.owner = JobState.RUNNING, owner
        job.started_at = job.heartbeat_at = now
        job.lease_until = now + lease_length()
        job.save(update_fields=["state", "owner", "started_at", "heartbeat_at", "lease_until"])
    return job


class _Queue:
    """What is ready of some kinds at a moment `at`: which pools have any, their next, the soonest."""

    def __init__(self, kinds: tuple[str, ...]) -> None:
        self._kinds = kinds
        self.pools = Prepared(
            lambda: self._ready().order_by().values_list("pool").annotate(Max("priority"))
        )
        self.next = Prepared(
            lambda: _locked(self._ready().filter(pool=Given("pool"))).order_by(
                "-priority", "virtual_time", "id"
            )[:1]
        )
        self.soonest = Prepared(
            lambda: self._ready().order_by("run_at").values_list("run_at", flat=True)[:1]
        )

    def _ready(self) -> QuerySet[Job]:
        closed = Gate.objects.filter(closed=True).values("name")
        ready = Job.objects.filter(state=JobState.READY, run_at__lte=Given("at"))
        return ready.filter(kind__in=self._kinds).exclude(gate__in=closed)


_queue_of = cache(_Queue)


def _queue(slow: bool | None) -> _Queue:
    return _queue_of(
        tuple(kind for kind, handler in HANDLERS.items() if slow in (None, handler.slow))
    )


def _next(queue: _Queue, now: datetime) -> Job | None:
    """The first job of the pool whose turn it is; another pool's if all of them are being claimed."""
    most = dict(queue.pools.all(at=now))
    clocks: dict[str, float] = {}
    if len(most) > 1:
        lanes = Lane.objects.filter(name__in=map(_clock, most))
        clocks = dict(lanes.values_list("name", "virtual_time"))
    turns = sorted(most, key=lambda pool: (-most[pool], clocks.get(_clock(pool), 0.0), pool))
    found = (queue.next.first(at=now, pool=pool) for pool in turns)
    return next((job for job in found if job is not None), None)


def _locked(ready: QuerySet[Job]) -> QuerySet[Job]:
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
        LeaseLost: The lease has passed to another, or has run out without a heartbeat; nothing of
            the result is written.
    """
    with transaction.atomic():
        standing = held(job).filter(lease_until__gte=now)
        if not standing.update(state=JobState.DONE, finished_at=now, lease_until=None):
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
        # One worker that dies says nothing of the scorer; when every try ended so, it does.
        if last or state != JobState.EXPIRED:
            _pause_if_broken(job.gate, error, now=now)
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
        pool=job.pool,
        lane=job.lane,
        gate=job.gate,
        priority=job.priority,
        virtual_time=job.virtual_time,
        run_at=now + _pause(job),
        created_at=now,
    )


def _tries(kind: str) -> int:
    pauses = HANDLERS[kind].pauses
    return len(pauses) + 1 if pauses else int(settings.HELDOUT.attempts)


def _pause(job: Job) -> timedelta:
    """How long to wait after this try, which is not the last."""
    pauses = HANDLERS[job.kind].pauses
    return pauses[job.attempt - job.max_attempts] if pauses else BACKOFF * job.attempt**2


def cancel(key_prefix: str, *, now: datetime) -> bool:
    """Take back work that nobody has begun; False if there is none."""
    waiting = Job.objects.filter(key__startswith=key_prefix, state=JobState.READY)
    return bool(waiting.update(state=JobState.CANCELLED, finished_at=now))


def is_running(key_prefix: str) -> bool:
    """Whether a worker has begun such work and not ended it."""
    return Job.objects.filter(key__startswith=key_prefix, state=JobState.RUNNING).exists()


def close_gate(name: str, *, reason: str, now: datetime) -> bool:
    """Let no more jobs of a gate begin; False if it is closed already."""
    fields = {"closed": True, "reason": reason[:300], "since": now}
    gate, new = Gate.objects.get_or_create(name=name, defaults=fields)
    return new or bool(Gate.objects.filter(pk=gate.pk, closed=False).update(**fields))


def open_gate(name: str, *, now: datetime) -> bool:
    """Let the jobs of a gate go on; False if it was open."""
    closed = Gate.objects.filter(name=name, closed=True)
    opened = bool(closed.update(closed=False, reason="", since=now))
    transaction.on_commit(wake.worker)
    return opened


def _pause_if_broken(gate: str, error: str, *, now: datetime) -> None:
    """Close a gate after too many failures in a row, unless they are all of one lane.

    One lane's files may break what scores them; that must not stop everybody else.
    """
    most = settings.HELDOUT.pause_after
    ended = Job.objects.filter(gate=gate, state__in=(*FAILURES, JobState.DONE))
    opened = Gate.objects.filter(name=gate).first()
    if opened is not None:
        ended = ended.filter(finished_at__gt=opened.since)
    last = ended.order_by("-finished_at", "-id").values_list("state", "lane")[:most]
    failed = [lane for state, lane in last if state in FAILURES]
    if not gate or len(failed) < most or len(set(failed)) == 1:
        return
    first = error.partition("\n")[0]
    reason = f"{most} attempts in a row failed, the last with: {first}"
    if close_gate(gate, reason=reason, now=now):
        audit.record("scoring paused", by=None, on=gate, now=now, reason=reason[:300])
