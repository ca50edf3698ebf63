"""How the top of a leaderboard moved, of what its viewer may see and what counts in its phase."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import NamedTuple

from heldout.cards.charts.curves import Step, steps_chart
from heldout.challenge.grammar import parse_final
from heldout.ranking.drift import Lead, Scored, drift
from heldout.site.challenges.measures import Measure
from heldout.site.common import formatting
from heldout.site.common.drawing import Plot, draw
from heldout.site.submissions.boards import BoardView
from heldout.site.submissions.models import Status, Submission

FEWEST_STEPS = 2
MOST_STEPS = 50


class LeadView(NamedTuple):
    steps: list[Lead]
    shown: Measure

    def draw(self) -> Plot:
        return _plot(self.steps, self.shown)


def lead_view(board: BoardView, shown: Measure) -> LeadView | None:
    """The submissions that took the lead; none where private scores rank, which nobody saw rise."""
    if board.hidden or board.final or board.guard or not board.rows:
        return None
    rule = parse_final(board.phase.final)
    scored = _scored(board, only_chosen=rule.kind == "chosen")
    steps = drift(scored, higher_is_better=board.higher_is_better, latest=rule.kind == "latest")[
        -MOST_STEPS:
    ]
    return LeadView(steps, shown) if len(steps) >= FEWEST_STEPS else None


def _scored(board: BoardView, *, only_chosen: bool) -> list[Scored]:
    """`only_chosen`: what else those have handed in who have chosen is counted and leads nothing."""
    found = Submission.objects.filter(
        phase=board.phase,
        status=Status.SCORED,
        evaluation__scores__metric=board.metric,
        evaluation__scores__name=board.name,
    )
    found = found.exclude(entrant__in=board.phase.disqualifications.values("entrant"))
    if board.frozen_at is not None:
        found = found.filter(created_at__lt=board.frozen_at)
    ends = ("evaluation__scores__low", "evaluation__scores__high") if board.shows_intervals else ()
    columns = ("chosen", "created_at", "entrant__name", "evaluation__scores__value", *ends)
    rows = [(chosen, Scored(*row)) for chosen, *row in found.values_list(*columns)]
    choosers = {one.entrant for chosen, one in rows if chosen and only_chosen}
    return [
        one if chosen or one.entrant not in choosers else replace(one, value=None)
        for chosen, one in rows
    ]


def _plot(leads: list[Lead], shown: Measure) -> Plot:
    scale = 100 if shown.percent else 1
    steps = [
        Step(
            lead.at.isoformat(),
            (lead.scored.value or 0.0) * scale,
            None if lead.scored.low is None else lead.scored.low * scale,
            None if lead.scored.high is None else lead.scored.high * scale,
        )
        for lead in leads
    ]
    said = (
        f"{lead.scored.entrant} "
        f"{formatting.score_text(lead.scored.value, percent=shown.percent)} "
        f"after {lead.number} submissions"
        for lead in leads[-12:]
    )
    title = f"{shown.title}, %" if shown.percent else shown.title
    return draw(
        partial(steps_chart, steps, title=title),
        shows=steps,
        title=f"How the top {shown.title} moved",
        description="; ".join(said),
    )
