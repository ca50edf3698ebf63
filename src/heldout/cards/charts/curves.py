"""Lines: precision over recall, reliability, a score along a number, a score over time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import altair as alt

from heldout.cards import drawing

HEIGHT = 300


class Track(NamedTuple):
    """One line; an accented one stands out."""

    name: str
    points: Sequence[tuple[float, float]]
    accented: bool = False


class Along(NamedTuple):
    """One point of a line with a band; without a band the ends are None."""

    x: float
    y: float
    low: float | None
    high: float | None


class Share(NamedTuple):
    """One bin of a reliability diagram."""

    confidence: float
    accuracy: float
    low: float | None
    high: float | None
    n: int


def precision_recall_chart(tracks: Sequence[Track], width: int) -> drawing.Chart:
    """Draw precision over recall: faint lines for classes, bold ones for what is accented."""
    rows = [
        {"name": track.name, "x": x, "y": y, "order": place, **_look(track.accented)}
        for track in tracks
        for place, (x, y) in enumerate(track.points)
    ]
    share = alt.Scale(domain=[0, 1])
    lines = (
        _chart(rows)
        .mark_line(interpolate="step-before")
        .encode(
            x=alt.X("x:Q", scale=share, axis=_percent("Recall", width)),
            y=alt.Y("y:Q", scale=share, axis=_percent("Precision", width)),
            detail="name:N",
            order="order:Q",
            color=drawing.color("color"),
            opacity=alt.Opacity("opacity:Q", scale=None, legend=None),
            strokeWidth=alt.StrokeWidth("width:Q", scale=None, legend=None),
        )
    )
    return alt.LayerChart(layer=[lines]).properties(width=width, height=HEIGHT)


def reliability_chart(shares: Sequence[Share], width: int) -> drawing.Chart:
    """Draw how often an entrant is right where it is as sure; the diagonal is perfect calibration."""
    most = max((one.n for one in shares), default=1)
    rows = [one._asdict() | {"size": 40 + 260 * one.n / most} for one in shares]
    share = alt.Scale(domain=[0, 1])
    x = alt.X("confidence:Q", scale=share, axis=_percent("Confidence", width))
    y_axis = _percent("Right", width)
    ends = _chart([{"confidence": 0, "accuracy": 0}, {"confidence": 1, "accuracy": 1}])
    diagonal = ends.mark_line(strokeDash=[3, 3], color=drawing.SOFT, strokeWidth=1).encode(
        x=x, y=alt.Y("accuracy:Q", scale=share, axis=y_axis)
    )
    base = _chart(rows)
    bars = base.mark_rule(strokeWidth=2, strokeCap="round", color=drawing.ACCENT).encode(
        x=x, y=alt.Y("low:Q", scale=share, axis=y_axis), y2="high:Q"
    )
    dots = base.mark_point(
        filled=True, opacity=1, color=drawing.ACCENT, stroke=drawing.PAPER, strokeWidth=1
    ).encode(
        x=x,
        y=alt.Y("accuracy:Q", scale=share, axis=y_axis),
        size=alt.Size("size:Q", scale=None, legend=None),
    )
    return alt.LayerChart(layer=[diagonal, bars, dots]).properties(width=width, height=HEIGHT)


def along_chart(
    points: Sequence[Along],
    width: int,
    *,
    x_title: str,
    y_title: str,
    reference: float | None = None,
    logarithmic: bool = False,
) -> drawing.Chart:
    """Draw a line with its band; `reference` is the score of the whole, drawn across."""
    rows = [one._asdict() for one in points]
    kind = alt.Scale(type="log", nice=False) if logarithmic else alt.Scale(zero=False, nice=False)
    x_axis = drawing.axis(title=x_title, tickCount=4 if width < drawing.WIDE else 8, grid=False)
    x = alt.X("x:Q", scale=kind, axis=x_axis)
    y_scale = alt.Scale(zero=False, nice=True)
    y_axis = drawing.axis(title=y_title, tickCount=6)
    base = _chart(rows)
    band = base.mark_area(color=drawing.ACCENT, opacity=0.18).encode(
        x=x, y=alt.Y("low:Q", scale=y_scale, axis=y_axis), y2="high:Q"
    )
    line = base.mark_line(color=drawing.ACCENT, strokeWidth=2).encode(
        x=x, y=alt.Y("y:Q", scale=y_scale, axis=y_axis)
    )
    banded = all(one.low is not None for one in points)
    layers: list[alt.Chart] = [band, line] if banded else [line]
    if reference is not None:
        across = _chart([{"y": reference}]).mark_rule(strokeDash=[3, 3], color=drawing.INK)
        layers.insert(0, across.encode(y=alt.Y("y:Q", scale=y_scale, axis=y_axis)))
    return alt.LayerChart(layer=layers).properties(width=width, height=HEIGHT)


class Step(NamedTuple):
    """A value from one moment on, as ISO 8601; without an interval the ends are None."""

    at: str
    value: float
    low: float | None
    high: float | None


def steps_chart(steps: Sequence[Step], width: int, *, title: str) -> drawing.Chart:
    """Draw values that hold until the next one, each with its interval."""
    rows = [one._asdict() for one in steps]
    x = alt.X(
        "at:T",
        axis=drawing.axis(title=None, grid=False, tickCount=3 if width < drawing.WIDE else 6),
    )
    scale, axis = alt.Scale(zero=False, nice=True), drawing.axis(title=title, tickCount=5)
    base = _chart(rows)
    line = base.mark_line(interpolate="step-after", color=drawing.SOFT, strokeWidth=1.5).encode(
        x=x, y=alt.Y("value:Q", scale=scale, axis=axis)
    )
    rules = base.mark_rule(color=drawing.ACCENT, strokeWidth=2, strokeCap="round").encode(
        x=x, y=alt.Y("low:Q", scale=scale, axis=axis), y2="high:Q"
    )
    dots = base.mark_point(filled=True, opacity=1, size=70, color=drawing.ACCENT).encode(
        x=x, y=alt.Y("value:Q", scale=scale, axis=axis)
    )
    banded = all(one.low is not None for one in steps)
    layers: list[alt.Chart] = [line, rules, dots] if banded else [line, dots]
    return alt.LayerChart(layer=layers).properties(width=width, height=HEIGHT)


def _look(accented: bool) -> dict[str, Any]:
    if accented:
        return {"color": drawing.ACCENT, "opacity": 1.0, "width": 2.5}
    return {"color": drawing.SOFT, "opacity": 0.45, "width": 1.0}


def _percent(title: str, width: int) -> alt.Axis:
    return drawing.axis(title=title, format=".0%", tickCount=5 if width < drawing.WIDE else 10)


def _chart(rows: Iterable[dict[str, Any]]) -> alt.Chart:
    return alt.Chart(alt.Data(values=list(rows)))
