"""The one plot of scores with their intervals. A function of lines; it knows no request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import altair as alt

from heldout.site.common import drawing, formatting

# More lines than this are no picture; the table has them all.
MOST_LINES = 40
_STEP = 30


class Line(NamedTuple):
    """One dot with its interval; a value without an interval has no ends."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    accented: bool = False
    hollow: bool = False


def interval_plot(
    lines: Sequence[Line], *, title: str, percent: bool, reference: float | None = None
) -> drawing.Plot | None:
    """Draw a line per name, in the order given; None where there is nothing to draw.

    `reference` is a value all lines may be read against, drawn as a vertical line.
    """
    drawable = [line for line in lines if formatting.is_number(line.value)][:MOST_LINES]
    if not drawable:
        return None
    return drawing.draw(
        lambda width: _chart(drawable, title, percent, reference, width),
        shows=(drawable, percent, reference),
        title=title,
        description=_words(drawable, percent),
    )


def _words(lines: Sequence[Line], percent: bool) -> str:
    said = []
    for line in lines[:12]:
        ends = formatting.range_text(line.low, line.high, percent=percent)
        value = formatting.score_text(line.value, line.low, line.high, percent=percent)
        said.append(f"{line.name} {value}{f', interval {ends}' if ends else ''}")
    more = f"; and {len(lines) - 12} more" if len(lines) > 12 else ""
    return "; ".join(said) + more + "."


def _chart(
    lines: Sequence[Line], title: str, percent: bool, reference: float | None, width: int
) -> drawing.Chart:
    scale = 100 if percent else 1
    rows = [
        {
            # Two entrants of one name are still two lines.
            "key": f"{place:03}\u0000{line.name}",
            "value": _times(line.value, scale),
            "low": _times(line.low, scale),
            "high": _times(line.high, scale),
            "color": drawing.ACCENT if line.accented else drawing.SOFT,
            "fill": drawing.PAPER
            if line.hollow
            else drawing.ACCENT
            if line.accented
            else drawing.SOFT,
        }
        for place, line in enumerate(lines)
    ]
    narrow = width < drawing.WIDE
    names = drawing.axis(
        title=None, grid=False, labelLimit=120 if narrow else 240, labelExpr="slice(datum.label, 4)"
    )
    base = alt.Chart(alt.Data(values=rows)).encode(y=alt.Y("key:N", sort=None, axis=names))
    x_title = f"{title}, %" if percent else title
    values = drawing.axis(title=x_title, tickCount=4 if narrow else 8)
    x_scale = alt.Scale(zero=False, nice=True)
    color = alt.Color("color:N", scale=None, legend=None)
    bars = base.mark_rule(strokeWidth=2, strokeCap="round").encode(
        x=alt.X("low:Q", scale=x_scale, axis=values), x2="high:Q", color=color
    )
    dots = base.mark_point(size=80, opacity=1, strokeWidth=2).encode(
        x=alt.X("value:Q", scale=x_scale, axis=values),
        stroke=alt.Stroke("color:N", scale=None, legend=None),
        fill=alt.Fill("fill:N", scale=None, legend=None),
    )
    layers: list[alt.Chart] = [bars, dots]
    if reference is not None:
        at = alt.Chart(alt.Data(values=[{"x": reference * scale}]))
        layers.insert(
            0, at.mark_rule(strokeDash=[3, 3], color=drawing.INK, strokeWidth=1).encode(x="x:Q")
        )
    return alt.LayerChart(layer=layers).properties(width=width, height=_STEP * len(rows))


def _times(value: float | None, scale: int) -> float | None:
    return value * scale if value is not None and formatting.is_number(value) else None
