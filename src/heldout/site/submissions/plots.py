"""What the plots of results show; how they look is `heldout.site.common.plots`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from heldout.site.challenges.measures import Measure
from heldout.site.common.drawing import Plot
from heldout.site.common.plots import Line, interval_plot
from heldout.site.submissions.pages import BoardLine, GroupTable

# A line that makes the picture this many times wider is named beside it instead.
_FAR = 3.0


class LeaderboardPlot(NamedTuple):
    plot: Plot | None
    far_behind: list[str]


def leaderboard_plot(lines: Sequence[BoardLine], measure: Measure) -> LeaderboardPlot:
    """A dot and an interval per entrant, in the order of the table."""
    drawn, far_behind = near_the_others([_line(line) for line in lines if line.score is not None])
    plot = interval_plot(drawn, title=measure.title, percent=measure.percent)
    return LeaderboardPlot(plot, [line.name for line in far_behind])


def _line(line: BoardLine) -> Line:
    assert line.score is not None
    return Line(
        line.row.entrant,
        line.score.value,
        line.score.low,
        line.score.high,
        accented=line.ties_with_first,
        hollow=line.row.baseline,
    )


def near_the_others(lines: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    """Part the last lines that alone would squeeze all others into a corner of the picture."""
    scored = [line for line in lines if line.value is not None]
    near = scored.copy()
    while len(near) > 3 and _span(near) > _FAR * _span(near[:-1]) > 0:
        near.pop()
    return near, scored[len(near) :]


def _span(lines: Sequence[Line]) -> float:
    ends = [end for line in lines for end in (line.value, line.low, line.high) if end is not None]
    return max(ends) - min(ends)


def group_plot(table: GroupTable, measure: Measure, overall: float | None) -> Plot | None:
    """A dot and an interval per group; the line is the score over all examples."""
    return interval_plot(
        [Line(row.name, row.value, row.low, row.high, accented=True) for row in table.rows],
        title=f"{measure.title} by {table.title}",
        percent=measure.percent,
        reference=overall,
    )
