"""What happens in a challenge, for its organisers: counts by day, reasons of refusals, scores over time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db.models import Count, F, Q
from django.db.models.functions import TruncDate

from heldout.site.challenges.frames import phase_title, primary_measure
from heldout.site.challenges.measures import Measure
from heldout.site.challenges.models import Challenge, Phase
from heldout.site.submissions.models import Score, Status, Submission

MOST_REASONS = 30
MOST_SCORES = 2000
# What differs from file to file: names in quotes, numbers, lists in brackets.
_PARTICULAR = re.compile(r"“[^”]*”|\"[^\"]*\"|'[^']*'|\([^)]*\)|\d[\d,.]*")
# Of a list, however long, one sign is left.
_LIST = re.compile(r"…(?:, …)+(?: and … more)?")


class Day(NamedTuple):
    """One day on the clock of the challenge."""

    day: date
    submissions: int
    scored: int
    refused: int
    failed: int
    withdrawn: int
    entrants: int
    joined: int


class Reason(NamedTuple):
    """Why files were refused, with what differs from file to file left out."""

    reason: str
    submissions: int
    entrants: int


class Dot(NamedTuple):
    """One scored submission; `best`: no earlier one of the phase was better."""

    at: datetime
    entrant: str
    submission: str
    value: float
    best: bool


class Totals(NamedTuple):
    people: int
    entrants: int
    teams: int
    submitting: int
    submissions: int


def totals(challenge: Challenge) -> Totals:
    submissions = Submission.objects.filter(phase__challenge=challenge)
    return Totals(
        people=challenge.members.count(),
        entrants=challenge.entrants.count(),
        teams=challenge.entrants.filter(personal=False).count(),
        submitting=submissions.values("entrant").distinct().count(),
        submissions=submissions.count(),
    )


def days(challenge: Challenge) -> list[Day]:
    """Every day on which something was handed in or somebody joined, the latest first."""
    zone = challenge.zone
    counted = (
        Submission.objects.filter(phase__challenge=challenge)
        .order_by()
        .annotate(day=TruncDate("created_at", tzinfo=zone))
        .values("day")
        .annotate(
            all=Count("pk"),
            entrants=Count("entrant", distinct=True),
            **{
                status.value: Count("pk", filter=Q(status=status))
                for status in (Status.SCORED, Status.REFUSED, Status.FAILED, Status.WITHDRAWN)
            },
        )
    )
    by_day: dict[date, dict[str, Any]] = {row["day"]: dict(row) for row in counted}
    joined = Counter(
        at.astimezone(zone).date() for at in challenge.members.values_list("joined_at", flat=True)
    )
    found = sorted({*by_day, *joined}, reverse=True)
    return [_day(one, by_day.get(one, {}), joined[one]) for one in found]


def _day(day: date, row: dict[str, Any], joined: int) -> Day:
    counted = ("scored", "refused", "failed", "withdrawn", "entrants")
    counts = {one: int(row.get(one, 0)) for one in counted}
    return Day(day=day, submissions=int(row.get("all", 0)), joined=joined, **counts)


def reasons(challenge: Challenge) -> list[Reason]:
    """The most frequent reasons first; a file refused for several reasons counts for each."""
    refused = Submission.objects.filter(phase__challenge=challenge, status=Status.REFUSED)
    files: Counter[str] = Counter()
    entrants: dict[str, set[int]] = {}
    for problems, entrant in refused.values_list("problems", "entrant").iterator():
        for reason in {general(problem["message"]) for problem in problems}:
            files[reason] += 1
            entrants.setdefault(reason, set()).add(entrant)
    found = [Reason(reason, count, len(entrants[reason])) for reason, count in files.items()]
    found.sort(key=lambda one: (-one.submissions, -one.entrants, one.reason))
    return found[:MOST_REASONS]


def general(message: str) -> str:
    """`label "zebr" is not one of the 80 categories` without what only this file has."""
    text = " ".join(_PARTICULAR.sub("…", message).split())
    return _LIST.sub("…", text)


def scores(phase: Phase, measure: Measure) -> list[Dot]:
    """The primary score of each scored submission, the earliest first."""
    found = (
        Score.objects.filter(
            evaluation__submission__phase=phase,
            evaluation__submission__status=Status.SCORED,
            # The result that counts, not those of earlier revisions.
            evaluation=F("evaluation__submission__evaluation"),
            metric=measure.metric,
            name=measure.name,
            value__isnull=False,
        )
        .order_by("evaluation__submission__created_at", "pk")
        .values_list(
            "evaluation__submission__created_at",
            "evaluation__submission__entrant__name",
            "evaluation__submission",
            "value",
        )
    )
    return _with_best(found, higher_is_better=measure.higher_is_better)


def _with_best(
    found: Iterable[tuple[datetime, str, str, float | None]], *, higher_is_better: bool
) -> list[Dot]:
    sign, most, dots = (1 if higher_is_better else -1), float("-inf"), list[Dot]()
    for at, entrant, submission, value in found:
        if value is None:
            continue
        dots.append(Dot(at, entrant, submission, value, best=sign * value > most))
        most = max(most, sign * value)
    return dots


class PhaseScores(NamedTuple):
    key: str
    title: str
    measure: Measure
    dots: list[Dot]


def scores_by_phase(challenge: Challenge) -> list[PhaseScores]:
    measure = primary_measure(challenge)
    found = [
        PhaseScores(phase.key, phase_title(phase), measure, scores(phase, measure))
        for phase in challenge.phases.all()
    ]
    return [one for one in found if one.dots]
