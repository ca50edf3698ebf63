"""Tables of shaded cells: who is taken for whom, scores of intersections, who beats whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import altair as alt

from heldout.cards import drawing

_SHADE = 0.6  # Of the darkest cell, so that its text can be read in light and dark.


class Square(NamedTuple):
    """One cell.

    Attributes:
        row: Name of its row.
        column: Name of its column.
        shade: From 0 to 1.
        lines: What is written in it; the first line in bold.
        link: The number of its link, if the cells lead somewhere.
    """

    row: str
    column: str
    shade: float
    lines: tuple[str, ...] = ()
    link: int | None = None


def matrix_chart(
    squares: Sequence[Square],
    width: int,
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    row_title: str = "",
    column_title: str = "",
    height: int = 0,
) -> drawing.Chart:
    """Draw a table of cells, rows and columns in the order given.

    Args:
        squares: In any order; a cell that is not given stays empty.
        width: In pixels.
        rows: Their names.
        columns: Their names.
        row_title: What the rows are.
        column_title: What the columns are.
        height: Of a row in pixels; as its lines need if 0.
    """
    narrow = width < drawing.WIDE
    most = max((len(one.lines) for one in squares), default=0)
    step = height or max(18, 18 * most + 10)
    values = [
        {"row": one.row, "column": one.column, "opacity": _SHADE * one.shade, **_leads(one)}
        for one in squares
    ]
    x = alt.X(
        "column:N",
        sort=list(columns),
        scale=alt.Scale(domain=list(columns)),
        axis=drawing.axis(
            title=column_title or None,
            orient="top",
            grid=False,
            labelLimit=70 if narrow else 140,
            labelAngle=0 if _fit(columns, width) else -60,
        ),
    )
    y = alt.Y(
        "row:N",
        sort=list(rows),
        scale=alt.Scale(domain=list(rows)),
        axis=drawing.axis(title=row_title or None, grid=False, labelLimit=80 if narrow else 160),
    )
    cells = (
        alt.Chart(alt.Data(values=values))
        .mark_rect(color=drawing.ACCENT, stroke=drawing.LINE, strokeWidth=1)
        .encode(x=x, y=y, fillOpacity=alt.FillOpacity("opacity:Q", scale=None, legend=None))
    )
    if any(one.link is not None for one in squares):
        cells = cells.encode(href=alt.Href("link:N"))
    texts = [_text(squares, line, most, x, y, narrow=narrow) for line in range(most)]
    return alt.LayerChart(layer=[cells, *texts]).properties(width=width, height=step * len(rows))


def _leads(one: Square) -> dict[str, str]:
    return {} if one.link is None else {"link": drawing.mark_number(one.link)}


def _fit(names: Sequence[str], width: int) -> bool:
    room = 0.8 * width / max(1, len(names))
    return all(7.5 * len(name) < room for name in names)


def _text(
    squares: Sequence[Square], line: int, most: int, x: alt.X, y: alt.Y, *, narrow: bool
) -> alt.Chart:
    values = [
        {"row": one.row, "column": one.column, "text": one.lines[line]}
        for one in squares
        if line < len(one.lines)
    ]
    texts: alt.Chart = (
        alt.Chart(alt.Data(values=values))
        .mark_text(
            color=drawing.INK,
            fontSize=(12 if narrow else 13) - (2 if line else 0),
            fontWeight="bold" if most > 1 and not line else "normal",
            dy=16 * (line - (most - 1) / 2),
        )
        .encode(x=x, y=y, text="text:N")
    )
    return texts
