"""Limits on submissions, counted in the challenge's timezone by one conditional statement per period."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import F, Sum

from heldout.errors import Problem
from heldout.site.accounts.models import User
from heldout.site.challenges.models import Challenge, Entrant, Phase
from heldout.site.common.prepared import Given, Prepared, prepared_cursor
from heldout.site.common.problems import Refused
from heldout.site.submissions.models import Linked, Status, Submission, Usage

# Here dots in the part before the @ mean nothing.
DOTLESS = ("gmail.com", "googlemail.com")
LINKED = Prepared(
    lambda: Linked.objects.filter(challenge=Given("challenge"), user=Given("user")).values_list(
        "person", flat=True
    )
)


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
    """Limits hold per team, and per person whichever account they use."""
    return [f"entrant:{entrant.pk}", *persons(entrant.challenge_id, user)]


def persons(challenge: int, user: User) -> list[str]:
    """The account, its mailbox, and whom the organisers count it as."""
    linked = LINKED.all(challenge=challenge, user=user.pk)
    return [f"user:{user.pk}", mailbox(user.email), *(f"person:{person}" for person in linked)]


def mailbox(email: str) -> str:
    """One name for all spellings of an address whose mails arrive in one place."""
    local, _, domain = email.lower().rpartition("@")
    local = local.partition("+")[0]
    if domain in DOTLESS:
        local, domain = local.replace(".", ""), DOTLESS[0]
    return f"mailbox:{hashlib.sha256(f'{local}@{domain}'.encode()).hexdigest()[:32]}"


def allowances(
    *, phase: Phase, entrant: Entrant | None, user: User, now: datetime
) -> list[Allowance]:
    """What the person may still hand in, the limit that is nearest to its end per period."""
    return _allowances(phase, _used(phase, _who(phase, entrant, user)), now)


def _who(phase: Phase, entrant: Entrant | None, user: User) -> list[str]:
    return holders(entrant, user) if entrant else persons(phase.challenge_id, user)


def _used(phase: Phase, who: list[str]) -> dict[str, int]:
    """The highest count of these holders, by period."""
    used: dict[str, int] = {}
    holders = {f"holder_{number}": holder for number, holder in enumerate(who)}
    for period, count in _counts_of(tuple(holders)).all(phase=phase.pk, **holders):
        used[period] = max(used.get(period, 0), count)
    return used


@cache
def _counts_of(holders: tuple[str, ...]) -> Prepared[tuple[str, int]]:
    return Prepared(
        lambda: Usage.objects.filter(
            phase=Given("phase"), holder__in=[Given(name) for name in holders]
        ).values_list("period", "used")
    )


def _allowances(phase: Phase, used: dict[str, int], now: datetime) -> list[Allowance]:
    return [
        Allowance(limit.period, limit.words, limit.most, used.get(limit.period, 0), limit.resets)
        for limit in _limits(phase, now)
    ]


def used_up(*, phase: Phase, entrant: Entrant | None, user: User, now: datetime) -> list[Problem]:
    """The limits that let nothing more in; only `take` counts."""
    used = _used(phase, _who(phase, entrant, user))
    full = {one.period for one in _allowances(phase, used, now) if not one.left}
    found = [_used_up(limit, phase) for limit in _limits(phase, now) if limit.period in full]
    quota = _refused_quota(phase, now)
    # Counted for the account alone.
    if used.get(quota.period, 0) >= quota.most:
        found.append(_too_many_refused(quota, phase))
    return found


def take(submission: Submission) -> None:
    """Count a submission and note where, or refuse it; call it inside the transaction that stores it.

    Raises:
        Refused: Every limit that is used up.
    """
    phase, user, now = submission.phase, submission.by, submission.created_at
    submission.counted_zone = phase.challenge.timezone
    submission.counted_mailbox = mailbox(user.email)
    who, quota = sorted(holders(submission.entrant, user)), _refused_quota(phase, now)
    limits = list(_limits(phase, now))
    counts = [(period, one) for period in _periods(now, phase.challenge.zone) for one in who]
    counts.append((quota.period, f"user:{user.pk}"))
    full = _count(phase, counts, {limit.period: limit.most for limit in (*limits, quota)})
    found = [_used_up(limit, phase) for limit in limits if limit.period in full]
    if quota.period in full:
        found.append(_too_many_refused(quota, phase))
    if found:
        raise Refused(found)


def _count(phase: Phase, counts: list[tuple[str, str]], most: dict[str, int]) -> set[str]:
    """Raise these counts, each a period and a holder, by one conditional statement.

    Returns the periods of which something stayed as it was.
    """
    rows = ", ".join(["(%s, %s, %s, 1)"] * len(counts))
    below = " ".join(["WHEN usage.period = %s THEN usage.used < %s"] * len(most))
    values = [value for period, holder in counts for value in (phase.pk, holder, period)]
    with prepared_cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Usage._meta.db_table} AS usage (phase_id, holder, period, used) "  # noqa: S608
            f"VALUES {rows} ON CONFLICT (phase_id, holder, period) DO UPDATE "
            f"SET used = usage.used + 1 WHERE CASE {below} ELSE TRUE END RETURNING period, holder",
            [*values, *(value for limit in most.items() for value in limit)],
        )
        raised = set(cursor.fetchall())
    # A count that is not there yet begins with 1, which is too many where nothing is allowed.
    nothing = {period for period, limit in most.items() if limit < 1}
    return nothing | {period for period, holder in counts if (period, holder) not in raised}


def _refused_quota(phase: Phase, now: datetime) -> _Limit:
    """How many files of a person may be refused in a day; one that waits may yet be."""
    zone = phase.challenge.zone
    tomorrow = _midnight(now.astimezone(zone), days=1, zone=zone)
    most = settings.HELDOUT.refused_per_day
    return _Limit(_refused_on(now, zone), "a day", most, tomorrow)


def _refused_on(now: datetime, zone: ZoneInfo) -> str:
    return f"refused:{now.astimezone(zone):%Y-%m-%d}"


def _too_many_refused(quota: _Limit, phase: Phase) -> Problem:
    return Problem(
        "limit",
        f"{quota.most} of your files of today were refused, or wait to be read",
        f"wait for those; after refusals {_again(quota, phase)}",
    )


def _used_up(limit: _Limit, phase: Phase) -> Problem:
    many, are = ("submission", "is") if limit.most == 1 else ("submissions", "are")
    if limit.resets is None:
        whole = "the one" if limit.most == 1 else f"all {limit.most}"
        return Problem("limit", f"{whole} {many} {limit.words} {are} used")
    again = _again(limit, phase)
    return Problem("limit", f"{limit.most} {many} {limit.words} {are} allowed and used", again)


def _again(limit: _Limit, phase: Phase) -> str:
    return f"the next is possible from {limit.resets:%Y-%m-%d %H:%M} ({phase.challenge.timezone})"


def recount(submission: Submission, *, before: Status, after: Status) -> None:
    """Count or uncount what a change of status means, on the counts that it was taken from."""
    zone = _zone(submission)
    if change := after.uses_a_try - before.uses_a_try:
        _add(submission, _holders_then(submission), _periods(submission.created_at, zone), change)
    if change := after.may_be_bad - before.may_be_bad:
        quota = _refused_on(submission.created_at, zone)
        _add(submission, [f"user:{submission.by_id}"], [quota], change)


def _zone(submission: Submission) -> ZoneInfo:
    then = submission.counted_zone
    return ZoneInfo(then) if then else submission.phase.challenge.zone


def _holders_then(submission: Submission) -> list[str]:
    """Submissions move with their team, and who is linked takes over all counts; a mailbox does not."""
    now, then = holders(submission.entrant, submission.by), submission.counted_mailbox
    return [then if then and one.startswith("mailbox:") else one for one in now]


def _add(submission: Submission, who: list[str], periods: list[str], change: int) -> None:
    counts = Usage.objects.filter(phase=submission.phase, holder__in=who, period__in=periods)
    counts.filter(used__gte=max(0, -change)).update(used=F("used") + change)


def count_as_one(*, challenge: Challenge, users: Sequence[User], person: str) -> None:
    """Hold several accounts to one person's limits, from what they have used together.

    Call it inside a transaction.
    """
    Linked.objects.bulk_create(
        [Linked(challenge=challenge, user=user, person=person) for user in users],
        ignore_conflicts=True,
    )
    known = Linked.objects.filter(challenge=challenge, person=person).values("user")
    accounts = [f"user:{link['user']}" for link in known]
    counts = Usage.objects.filter(phase__challenge=challenge, holder__in=accounts)
    counts = counts.exclude(period__startswith="refused:")
    for row in counts.values("phase", "period").annotate(together=Sum("used")):
        Usage.objects.update_or_create(
            phase_id=row["phase"],
            holder=f"person:{person}",
            period=row["period"],
            defaults={"used": row["together"]},
        )
