"""The process that does the jobs. Any number of them may run, on any number of machines."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heldout.site.common.models import Job

IDLE_SECONDS = 1.0
# What is due and was not got is being claimed by another.
BUSY_SECONDS = 0.02
EXPIRY_SECONDS = 5.0
SOON = timedelta(seconds=1)
NICENESS = 10
SLOW_NICENESS = 15

log = logging.getLogger(__name__)


def run(
    folder: Path, *, owner: str = "", parent: int | None = None, slow: bool | None = None
) -> None:
    """Do jobs until told to stop; a job that has begun is finished first.

    Args:
        folder: The site's data folder.
        owner: The worker's name in the job table; by default made of host and process.
        parent: Stop when this process is gone.
        slow: Do only what nobody waits for, behind all other processes; False: only the rest.
    """
    # Before anything else: beside a web server nobody waits for a worker first.
    step_back(SLOW_NICENESS if slow else NICENESS)
    from heldout.site.setup import configure

    configure(folder)
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    if not slow:
        threading.Thread(target=_warm_up_aside, daemon=True).start()
    _loop(owner or own_name(), stop, parent, slow)


def step_back(niceness: int) -> None:
    """Let all others have the processor first.

    Linux may share it out among sessions before processes; then niceness counts within one alone,
    so a process with a session of its own says it for that too.
    """
    os.nice(niceness)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):
            _set_niceness_of_session(niceness)


def _set_niceness_of_session(niceness: int) -> None:
    for _ in range(10):
        with suppress(BlockingIOError):
            Path("/proc/self/autogroup").write_text(str(niceness))
            return
        # The kernel lets all users together do this ten times a second.
        time.sleep(0.1)


def warm_up() -> bool:
    """Compile what scores boxes and masks, if a challenge has any; tells whether it did.

    Nobody should wait for a compiler after the first submission of the day.
    """
    from heldout.errors import MissingExtra
    from heldout.evaluation.vision.warming import SCORED, compile_kernels
    from heldout.site.challenges.models import Challenge

    if not Challenge.objects.filter(task__in=SCORED).exists():
        return False
    try:
        compile_kernels()
    except MissingExtra as error:
        log.info("nothing compiled ahead: %s", error)
        return False
    return True


def _warm_up_aside() -> None:
    from django.db import OperationalError, connection

    try:
        warm_up()
    except OperationalError:
        log.exception("the database does not answer")
    finally:
        connection.close()


def own_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def drain(*, owner: str = "") -> int:
    """Do every job that is due, or is in a moment, in this process; returns how many there were."""
    from django.utils import timezone

    from heldout.site.common import jobs

    done = 0
    while True:
        while work_once(owner or own_name()):
            done += 1
        pause = jobs.next_due(now=timezone.now(), within=SOON)
        if pause is None:
            return done
        time.sleep(pause)


def _loop(owner: str, stop: threading.Event, parent: int | None, slow: bool | None) -> None:
    from django.db import OperationalError, close_old_connections
    from django.utils import timezone

    from heldout.site.common import jobs
    from heldout.site.common.wake import Alarm

    # A call wakes one listener: it must be one that does what people wait for.
    alarm = None if slow else Alarm()
    looked = timezone.now() - timedelta(days=2)
    while not stop.is_set() and (parent is None or os.getppid() == parent):
        try:
            if timezone.now() - looked > timedelta(seconds=EXPIRY_SECONDS):
                before, looked = looked, timezone.now()
                jobs.expire(now=looked)
                if before.date() < looked.date():
                    jobs.enqueue_daily(now=looked)
            if not work_once(owner, slow=slow):
                idle = timedelta(seconds=IDLE_SECONDS)
                due = jobs.next_due(now=timezone.now(), within=idle, slow=slow)
                pause = IDLE_SECONDS if due is None else max(due, BUSY_SECONDS)
                alarm.wait(pause) if alarm else stop.wait(pause)
        except OperationalError:
            log.exception("the database does not answer")
            close_old_connections()
            stop.wait(IDLE_SECONDS)
    if alarm:
        alarm.close()


def work_once(owner: str, *, slow: bool | None = None) -> bool:
    """Do one job, if one is due; `slow` as for `run`."""
    from django.utils import timezone

    from heldout.site.common import jobs

    job = jobs.claim(owner=owner, now=timezone.now(), slow=slow)
    if job is None:
        return False
    work(job, owner)
    return True


def work(job: Job, owner: str) -> None:
    """Do a job that this owner has claimed, and say how it ended."""
    from heldout.site.common import logs, tracing

    attempt = f"{job.key}#{job.attempt}"
    with logs.about(attempt=attempt), tracing.job(job.kind, attempt):
        _work(job, owner)


def _work(job: Job, owner: str) -> None:
    from django.utils import timezone

    from heldout.site.common import jobs
    from heldout.site.common.handlers import HANDLERS, Hopeless

    try:
        with _heartbeat(job.pk, owner):
            HANDLERS[job.kind].work(job, timezone.now)
    except jobs.LeaseLost:
        log.warning("job %s: the lease was lost, the result is dropped", job.key)
    except Exception as error:
        log.exception("job %s, attempt %s failed", job.key, job.attempt)
        hopeless = isinstance(error, Hopeless)
        reason = f"{type(error).__name__}: {error}"
        jobs.fail(job, error=reason, now=timezone.now(), hopeless=hopeless)


@contextmanager
def _heartbeat(job: int, owner: str) -> Iterator[None]:
    """Renew the lease from a second thread while the work goes on."""
    done = threading.Event()
    thread = threading.Thread(target=_beat, args=(job, owner, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _beat(pk: int, owner: str, done: threading.Event) -> None:
    from django.db import connection
    from django.utils import timezone

    from heldout.site.common import jobs
    from heldout.site.common.models import Job

    try:
        while not done.wait(jobs.lease_length().total_seconds() / 3):
            if not jobs.heartbeat(Job(pk=pk, owner=owner), now=timezone.now()):
                return
    finally:
        connection.close()
