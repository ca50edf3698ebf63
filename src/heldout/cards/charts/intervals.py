"""A dot and an interval per line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import altair as alt

from heldout.cards import drawing

_STEP = 30
# Of the axis and its title.
_FOOT = 56


class Line(NamedTuple):
    """One dot with its interval; a value without an interval has no ends."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    accented: bool = False
    hollow: bool = False


class Bar(NamedTuple):
    """A bar beside the lines, from one of them to another: these cannot be told apart."""

    first: int
    last: int


def interval_chart(
    lines: Sequence[Line],
    width: int,
    *,
    title: str,
    scale: float = 1,
    reference: float | None = None,
    bars: Sequence[Bar] = (),
) -> drawing.Chart:
    """Draw lines in the order given.

    Args:
        lines: Those without a value are named and have no dot.
        width: In pixels.
        title: Of the axis of values.
        scale: What values are multiplied with: 100 for per cent.
        reference: A value all lines may be read against, drawn as a vertical line.
        bars: Groups of lines, drawn to the right.
    """
    keys = [f"{place:03}\u0000{line.name}" for place, line in enumerate(lines)]
    rows = [
        {
            # Two entrants of one name are still two lines.
            "key": key,
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
        for key, line in zip(keys, lines, strict=True)
    ]
    narrow = width < drawing.WIDE
    names = drawing.axis(
        title=None, grid=False, labelLimit=120 if narrow else 240, labelExpr="slice(datum.label, 4)"
    )
    order = alt.Y("key:N", sort=None, axis=names)
    base = alt.Chart(alt.Data(values=rows)).encode(y=order)
    # The room for the bars may reach beyond 100 %, where no share can be.
    named = {"labelExpr": "datum.value > 100 ? '' : datum.label"} if scale == 100 else {}
    values = drawing.axis(title=title, tickCount=4 if narrow else 8, **named)
    # Room at the edge for the bars.
    x_scale = alt.Scale(zero=False, nice=not bars, padding=10 * len(bars) + 8 if bars else 0)
    color = drawing.color("color")
    rules = base.mark_rule(strokeWidth=2, strokeCap="round").encode(
        x=alt.X("low:Q", scale=x_scale, axis=values), x2="high:Q", color=color
    )
    dots = base.mark_point(size=80, opacity=1, strokeWidth=2).encode(
        x=alt.X("value:Q", scale=x_scale, axis=values),
        stroke=alt.Stroke("color:N", scale=None, legend=None),
        fill=alt.Fill("fill:N", scale=None, legend=None),
    )
    layers: list[alt.Chart] = [rules, dots]
    if reference is not None:
        at = alt.Chart(alt.Data(values=[{"x": reference * scale}]))
        layers.insert(
            0, at.mark_rule(strokeDash=[3, 3], color=drawing.INK, strokeWidth=1).encode(x="x:Q")
        )
    layers += _bars(bars, keys, order, width, narrow=narrow)
    return alt.LayerChart(layer=layers).properties(width=width, height=_STEP * len(rows))


def interval_height(lines: int) -> int:
    """The height in pixels of a drawing of so many lines, of any width."""
    return _STEP * lines + _FOOT


def _bars(
    bars: Sequence[Bar], keys: Sequence[str], order: alt.Y, width: int, *, narrow: bool
) -> list[alt.Chart]:
    """Draw each bar in a track of its own, at the right edge."""
    gap = 7 if narrow else 10
    return [
        alt.Chart(alt.Data(values=[{"key": keys[bar.first], "last": keys[bar.last]}]))
        .mark_rule(color=drawing.INK, strokeWidth=3, strokeCap="round")
        .encode(
            y=order,
            y2=alt.Y2("last:N"),
            x=alt.value(alt.ExprRef(f"width - {gap * place + 4}")),
        )
        for place, bar in enumerate(bars)
    ]


def _times(value: float | None, scale: float) -> float | None:
    return None if value is None else value * scale
