"""How the top of a leaderboard moved, of what its viewer may see."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from heldout.cards.charts.curves import Step, steps_chart
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
    steps = drift(_scored(board), higher_is_better=board.higher_is_better)[-MOST_STEPS:]
    return LeadView(steps, shown) if len(steps) >= FEWEST_STEPS else None


def _scored(board: BoardView) -> list[Scored]:
    found = Submission.objects.filter(
        phase=board.phase,
        status=Status.SCORED,
        evaluation__scores__metric=board.metric,
        evaluation__scores__name=board.name,
    )
    if board.frozen_at is not None:
        found = found.filter(created_at__lt=board.frozen_at)
    ends = ("evaluation__scores__low", "evaluation__scores__high") if board.shows_intervals else ()
    rows = found.values_list("created_at", "entrant__name", "evaluation__scores__value", *ends)
    return [Scored(*row) for row in rows]


def _plot(leads: list[Lead], shown: Measure) -> Plot:
    scale = 100 if shown.percent else 1
    steps = [
        Step(
            lead.scored.at.isoformat(),
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
