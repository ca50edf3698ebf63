"""The one plot of scores with their intervals. A function of lines; it knows no request."""

from __future__ import annotations

from collections.abc import Sequence

from heldout.cards.charts.intervals import Bar, Line, interval_chart
from heldout.site.common import drawing, formatting

__all__ = ["MOST_LINES", "Bar", "Line", "interval_plot"]

# More lines than this are no picture; the table has them all.
MOST_LINES = 40


def interval_plot(
    lines: Sequence[Line],
    *,
    title: str,
    percent: bool,
    reference: float | None = None,
    bars: Sequence[Bar] = (),
    differences: bool = False,
) -> drawing.Plot | None:
    """Draw a line per name, in the order given; None where there is nothing to draw.

    `reference` is a value all lines may be read against, drawn as a vertical line; `bars` join
    lines that cannot be told apart; `differences` of two shares are percentage points, not percent.
    """
    drawable = [line for line in lines if formatting.is_number(line.value)][:MOST_LINES]
    if not drawable:
        return None
    return drawing.draw(
        lambda width: interval_chart(
            drawable,
            width,
            title=f"{title}, {'percentage points' if differences else '%'}" if percent else title,
            scale=100 if percent else 1,
            reference=reference,
            bars=bars,
        ),
        shows=(drawable, percent, reference, bars, differences),
        title=title,
        description=_words(drawable, percent, differences),
    )


def _words(lines: Sequence[Line], percent: bool, differences: bool) -> str:
    said, text = [], formatting.difference_text if differences else formatting.score_text
    for line in lines[:12]:
        ends = formatting.range_text(line.low, line.high, percent=percent)
        value = text(line.value, line.low, line.high, percent=percent)
        said.append(f"{line.name} {value}{f', interval {ends}' if ends else ''}")
    more = f"; and {len(lines) - 12} more" if len(lines) > 12 else ""
    return "; ".join(said) + more + "."
