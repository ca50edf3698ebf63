from __future__ import annotations

from datetime import date, datetime

from django.http import HttpRequest
from ninja import Router, Schema

from heldout.site.accounts.security import SIGNED_IN
from heldout.site.challenges.api import asked
from heldout.site.common.schemas import REFUSED
from heldout.site.submissions import activity

router = Router(tags=["Organising"])


class TotalsOut(Schema):
    """`submitting`: entrants that have handed in something."""

    people: int
    entrants: int
    teams: int
    submitting: int
    submissions: int


class DayOut(Schema):
    """One day on the clock of the challenge."""

    day: date
    submissions: int
    scored: int
    refused: int
    failed: int
    withdrawn: int
    entrants: int
    joined: int


class ReasonOut(Schema):
    """Why files were refused, with what differs from file to file left out."""

    reason: str
    submissions: int
    entrants: int


class DotOut(Schema):
    at: datetime
    entrant: str
    submission: str
    value: float
    best: bool


class PhaseScoresOut(Schema):
    phase: str
    metric: str
    name: str
    scores: list[DotOut]


class StatisticsOut(Schema):
    totals: TotalsOut
    days: list[DayOut]
    reasons: list[ReasonOut]
    phases: list[PhaseScoresOut]


@router.get(
    "/challenges/{slug}/statistics",
    response={200: StatisticsOut, **REFUSED},
    auth=SIGNED_IN,
    url_name="statistics",
)
def get_statistics(request: HttpRequest, slug: str) -> StatisticsOut:
    """Submissions by day, reasons of refusals and scores over time; for organisers."""
    challenge, _ = asked(request, slug, "challenges.review")
    return StatisticsOut(
        totals=TotalsOut(**activity.totals(challenge)._asdict()),
        days=[DayOut(**one._asdict()) for one in activity.days(challenge)],
        reasons=[ReasonOut(**one._asdict()) for one in activity.reasons(challenge)],
        phases=[
            PhaseScoresOut(
                phase=one.key,
                metric=one.measure.metric,
                name=one.measure.name,
                scores=[DotOut(**dot._asdict()) for dot in one.dots],
            )
            for one in activity.scores_by_phase(challenge)
        ],
    )
