"""Limits on submissions, counted in the challenge's timezone by one conditional UPDATE per period."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import F

from heldout.errors import Problem
from heldout.site.accounts.models import User
from heldout.site.challenges.models import Entrant, Phase
from heldout.site.common.problems import Refused
from heldout.site.submissions.models import Submission, Usage


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much of one limit is used; `resets` is None for the limit in total."""

    period: str
    words: str
    limit: int
    used: int
    resets: datetime | None

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)


@dataclass(frozen=True, slots=True)
class _Limit:
    period: str
    words: str
    most: int
    resets: datetime | None


def _limits(phase: Phase, now: datetime) -> Iterator[_Limit]:
    local = now.astimezone(phase.challenge.zone)
    year, week, weekday = local.isocalendar()
    if phase.per_day is not None:
        tomorrow = _midnight(local, days=1, zone=phase.challenge.zone)
        yield _Limit(f"day:{local:%Y-%m-%d}", "a day", phase.per_day, tomorrow)
    if phase.per_week is not None:
        monday = _midnight(local, days=8 - weekday, zone=phase.challenge.zone)
        yield _Limit(f"week:{year}-W{week:02}", "a week", phase.per_week, monday)
    if phase.in_total is not None:
        yield _Limit("total", "in total", phase.in_total, None)


def _midnight(local: datetime, *, days: int, zone: ZoneInfo) -> datetime:
    date = local.date() + timedelta(days=days)
    return datetime(date.year, date.month, date.day, tzinfo=zone)


def _periods(now: datetime, zone: ZoneInfo) -> list[str]:
    """Every period is counted, limited or not, so that a later limit finds the past."""
    local = now.astimezone(zone)
    year, week, _ = local.isocalendar()
    return [f"day:{local:%Y-%m-%d}", f"week:{year}-W{week:02}", "total"]


def holders(entrant: Entrant, user: User) -> list[str]:
    """Limits hold per team and per person."""
    return [f"entrant:{entrant.pk}", f"user:{user.pk}"]


def allowances(
    *, phase: Phase, entrant: Entrant | None, user: User, now: datetime
) -> list[Allowance]:
    """What the person may still hand in, the limit that is nearest to its end per period."""
    who = holders(entrant, user) if entrant else [f"user:{user.pk}"]
    counts = Usage.objects.filter(phase=phase, holder__in=who)
    used: dict[str, int] = {}
    for row in counts:
        used[row.period] = max(used.get(row.period, 0), row.used)
    return [
        Allowance(limit.period, limit.words, limit.most, used.get(limit.period, 0), limit.resets)
        for limit in _limits(phase, now)
    ]


def used_up(*, phase: Phase, entrant: Entrant, user: User, now: datetime) -> list[Problem]:
    """The limits that let nothing more in; only `take` counts."""
    now_left = allowances(phase=phase, entrant=entrant, user=user, now=now)
    full = {allowance.period for allowance in now_left if not allowance.left}
    return [_used_up(limit, phase) for limit in _limits(phase, now) if limit.period in full]


def take(*, phase: Phase, entrant: Entrant, user: User, now: datetime) -> None:
    """Count one submission, or refuse it; call it inside the transaction that stores it.

    Raises:
        Refused: Every limit that is used up.
    """
    limits = {limit.period: limit for limit in _limits(phase, now)}
    full: dict[str, _Limit] = {}
    for holder in holders(entrant, user):
        for period in _periods(now, phase.challenge.zone):
            Usage.objects.get_or_create(phase=phase, holder=holder, period=period)
            row = Usage.objects.filter(phase=phase, holder=holder, period=period)
            if period in limits:
                row = row.filter(used__lt=limits[period].most)
            if not row.update(used=F("used") + 1):
                full[period] = limits[period]
    if full:
        raise Refused([_used_up(limit, phase) for limit in full.values()])


def _used_up(limit: _Limit, phase: Phase) -> Problem:
    many = "submission" if limit.most == 1 else "submissions"
    if limit.resets is None:
        return Problem("limit", f"all {limit.most} {many} {limit.words} are used")
    again = f"the next is possible from {limit.resets:%Y-%m-%d %H:%M} ({phase.challenge.timezone})"
    return Problem("limit", f"{limit.most} {many} {limit.words} are allowed and used", again)


def give_back(submission: Submission) -> None:
    """Uncount a submission that was never scored: it was refused, withdrawn early or failed."""
    zone = submission.phase.challenge.zone
    Usage.objects.filter(
        phase=submission.phase,
        holder__in=holders(submission.entrant, submission.by),
        period__in=_periods(submission.created_at, zone),
        used__gt=0,
    ).update(used=F("used") - 1)
