"""What the plots of results show; how they look is `heldout.site.common.plots`."""

from __future__ import annotations

from heldout.site.challenges.measures import Measure
from heldout.site.common.drawing import Plot
from heldout.site.common.plots import Line, interval_plot
from heldout.site.submissions.pages import BoardLine, GroupTable


def leaderboard_plot(lines: list[BoardLine], measure: Measure) -> Plot | None:
    """A dot and an interval per entrant, in the order of the table."""
    return interval_plot(
        [
            Line(
                line.row.entrant,
                line.score.value,
                line.score.low,
                line.score.high,
                accented=line.ties_with_first,
                hollow=line.row.baseline,
            )
            for line in lines
            if line.score is not None
        ],
        title=measure.title,
        percent=measure.percent,
    )


def group_plot(table: GroupTable, measure: Measure, overall: float | None) -> Plot | None:
    """A dot and an interval per group; the line is the score over all examples."""
    return interval_plot(
        [Line(row.name, row.value, row.low, row.high, accented=True) for row in table.rows],
        title=f"{measure.title} by {table.title}",
        percent=measure.percent,
        reference=overall,
    )
