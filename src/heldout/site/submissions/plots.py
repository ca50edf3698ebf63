"""What the plots of results show; how they look is `heldout.site.common.plots`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from heldout.cards.charts.intervals import interval_height
from heldout.site.challenges.measures import Measure
from heldout.site.common.drawing import Plot
from heldout.site.common.plots import MOST_LINES, Bar, Line, interval_plot
from heldout.site.submissions.pages import BoardLine, GroupTable

# A line that makes the picture this many times wider is named beside it instead.
_FAR = 3.0
_MOST_BARS = 8


class LeaderboardPlot(NamedTuple):
    """What a plot of a leaderboard will show; drawing it takes longer than a page should."""

    measure: Measure
    lines: list[Line]
    far_behind: list[str]
    bars: tuple[Bar, ...] = ()

    @property
    def height(self) -> int:
        return interval_height(min(len(self.lines), MOST_LINES))

    def draw(self) -> Plot | None:
        title, percent = self.measure.title, self.measure.percent
        return interval_plot(self.lines, title=title, percent=percent, bars=self.bars)


def leaderboard_plot(
    lines: Sequence[BoardLine], measure: Measure, *, grouped: bool = False
) -> LeaderboardPlot:
    """A dot and an interval per entrant, in the order of the table.

    `grouped`: bars join the entrants that cannot be told apart, as in a critical-difference diagram.
    """
    scored = [line for line in lines if line.score is not None and line.score.value is not None]
    drawn, far_behind = near_the_others([_line(line) for line in scored])
    bars = _bars([line.row.groups for line in scored[: len(drawn)][:MOST_LINES]]) if grouped else ()
    return LeaderboardPlot(measure, drawn, [line.name for line in far_behind], bars)


def _bars(groups: Sequence[Sequence[int]]) -> tuple[Bar, ...]:
    """A bar for each group of two or more; none where they would crowd the picture."""
    places: dict[int, list[int]] = {}
    for place, numbers in enumerate(groups):
        for number in numbers:
            places.setdefault(number, []).append(place)
    bars = [Bar(found[0], found[-1]) for found in places.values() if len(found) > 1]
    return tuple(bars) if len(bars) <= _MOST_BARS else ()


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
