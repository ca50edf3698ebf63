from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import altair as alt

from heldout.site.common import drawing, formatting
from heldout.site.submissions.activity import MOST_SCORES, Day, PhaseScores

_HEIGHT = 200
MOST_DAYS = 400
_WIDEST = 28


def days_plot(days: Sequence[Day]) -> drawing.Plot | None:
    """A bar for each day, also for those on which nothing came; what was refused is paler."""
    shown = sorted(days)[-MOST_DAYS:]
    if not any(one.submissions for one in shown):
        return None
    by_day = {one.day: one for one in shown}
    first, last = shown[0].day, shown[-1].day
    every = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    rows: list[dict[str, Any]] = []
    for day in every[-MOST_DAYS:]:
        one = by_day.get(day)
        refused = one.refused + one.failed if one else 0
        taken = one.submissions - refused if one else 0
        # The date sorts, what follows it is shown.
        about = {"day": f"{day.isoformat()} {day.day} {day:%b}"}
        rows.append({**about, "low": 0, "high": taken, "color": drawing.ACCENT})
        rows.append({**about, "low": taken, "high": taken + refused, "color": drawing.SOFT})
    most = max(shown, key=lambda one: one.submissions)
    return drawing.draw(
        lambda width: _bars(rows, width),
        shows=rows,
        title="Submissions a day",
        description=f"{sum(one.submissions for one in shown):,} submissions from {first} to {last}; "
        f"most on {most.day}: {most.submissions:,}.",
    )


def _bars(rows: list[dict[str, Any]], width: int) -> drawing.Chart:
    days = list(dict.fromkeys(row["day"] for row in rows))
    step = max(1, len(days) // (4 if width < drawing.WIDE else 10))
    axis = drawing.axis(
        title=None,
        grid=False,
        labelAngle=0,
        values=days[::step],
        labelExpr="slice(datum.label, 11)",
    )
    most = max(row["high"] for row in rows)
    bars = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(size=max(1, min(_WIDEST, 0.7 * width / len(days))))
        .encode(
            x=alt.X("day:N", sort=None, axis=axis),
            y=alt.Y(
                "low:Q",
                axis=drawing.axis(title="Submissions", tickCount=min(5, most), format="d"),
            ),
            y2="high:Q",
            color=alt.Color("color:N", scale=None, legend=None),
        )
    )
    return alt.LayerChart(layer=[bars]).properties(width=width, height=_HEIGHT)


def scores_plot(phase: PhaseScores, zone: ZoneInfo) -> drawing.Plot | None:
    """A dot for each scored submission, and the best so far as a line."""
    dots = phase.dots[-MOST_SCORES:]
    measure = phase.measure
    scale = 100 if measure.percent else 1
    rows = [
        {
            # The clock of the challenge, which the drawing takes for its own.
            "at": dot.at.astimezone(zone).replace(tzinfo=None).isoformat(timespec="seconds"),
            "value": dot.value * scale,
            "color": drawing.ACCENT if dot.best else drawing.SOFT,
            "best": dot.best,
        }
        for dot in dots
        if formatting.is_number(dot.value)
    ]
    if len(rows) < 2:
        return None
    best = [row for row in rows if row["best"]]
    last = {**best[-1], "at": rows[-1]["at"]} if best else None
    span = dots[-1].at - dots[0].at
    clock = "%H:%M" if span > timedelta(minutes=10) else "%H:%M:%S"
    form = "%-d %b" if span > timedelta(days=3) else clock
    words = formatting.score_text(dots[-1].value, percent=measure.percent)
    return drawing.draw(
        lambda width: _dots(
            rows,
            [*best, *([last] if last else [])],
            f"{measure.title}, %" if measure.percent else measure.title,
            form,
            width,
        ),
        shows=(rows, measure.title),
        title=f"{measure.title} over time, {phase.title}",
        description=f"{len(rows):,} scored submissions, {len(best):,} of them the best so far; the "
        f"latest has {words}.",
    )


def _dots(
    rows: list[dict[str, Any]], best: list[dict[str, Any]], title: str, form: str, width: int
) -> drawing.Chart:
    ticks = 3 if width < drawing.WIDE else 6
    axis = drawing.axis(title=None, grid=False, tickCount=ticks, format=form, labelOverlap=True)
    x = alt.X("at:T", axis=axis)
    y = alt.Y(
        "value:Q",
        scale=alt.Scale(zero=False, nice=True),
        axis=drawing.axis(title=title, tickCount=5),
    )
    line = (
        alt.Chart(alt.Data(values=best))
        .mark_line(interpolate="step-after", color=drawing.ACCENT, strokeWidth=2)
        .encode(x=x, y=y)
    )
    dots = (
        alt.Chart(alt.Data(values=rows))
        .mark_point(size=40, filled=True, opacity=1)
        .encode(x=x, y=y, color=alt.Color("color:N", scale=None, legend=None))
    )
    return alt.LayerChart(layer=[line, dots]).properties(width=width, height=_HEIGHT)
