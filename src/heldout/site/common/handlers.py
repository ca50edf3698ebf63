"""Which function does which kind of job."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from heldout.errors import HeldoutError
from heldout.site.common.models import Job

Clock = Callable[[], datetime]
# Does the work and ends the job itself, in the transaction that writes the result.
Work = Callable[[Job, Clock], None]
# Tells those concerned that a job will not be tried again; runs in the transaction that says so.
GiveUp = Callable[[Job, datetime], None]


class Hopeless(HeldoutError):
    """The job cannot succeed however often it is tried."""


class Handler(NamedTuple):
    """`slow`: nobody waits for it, so a worker of its own may do it; `daily`: it comes by itself.

    `pauses` stand between its tries, one less than there are; empty: those of every job.
    """

    work: Work
    give_up: GiveUp
    slow: bool = False
    daily: bool = False
    pauses: tuple[timedelta, ...] = ()


HANDLERS: dict[str, Handler] = {}


def nothing(job: Job, now: datetime) -> None:
    """Nobody need be told."""


def handles(
    kind: str,
    *,
    give_up: GiveUp = nothing,
    slow: bool = False,
    daily: bool = False,
    pauses: tuple[timedelta, ...] = (),
) -> Callable[[Work], Work]:
    def register(work: Work) -> Work:
        HANDLERS[kind] = Handler(work, give_up, slow, daily, pauses)
        return work

    return register
