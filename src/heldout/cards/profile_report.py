"""What is in a data set as one HTML file: notes, charts and tables, nothing to load from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from html import escape
from itertools import count

import altair as alt
import polars as pl

from heldout.cards import drawing
from heldout.cards.charts.matrices import Square, matrix_chart
from heldout.cards.evaluation_report import page
from heldout.cards.wording import number
from heldout.datasets.profile import Bars, Grid, Statistic

MOST_BARS = 30  # More are no picture; the table has more.
MOST_ROWS = 200
TINY = 0.0005  # A smaller number would be rounded to nothing.
MOST_WRITTEN = 6  # Columns of a grid in which numbers still fit.


def render(statistics: Sequence[Statistic], *, title: str, examples: int) -> str:
    """Write statistics as one HTML page that needs no script, no network and no second file.

    Args:
        title: What was looked at, as a heading.
        examples: How many examples there are.
    """
    parts = [f"<h1>{escape(title)}</h1>", f"<p>{examples:,} examples.</p>", *_alarms(statistics)]
    numbers = count(1)
    for one in statistics:
        parts += _statistic(one, f"plot-{next(numbers)}")
    return page(parts, title=title)


def _alarms(statistics: Iterable[Statistic]) -> Iterator[str]:
    found = [alarm for one in statistics for alarm in one.alarms]
    if found:
        listed = "".join(f"<li>{escape(alarm)}</li>" for alarm in found)
        yield f"<h2>Look at this first</h2><ul>{listed}</ul>"


def _statistic(one: Statistic, name: str) -> Iterator[str]:
    yield f"<h2>{escape(one.title)}</h2><p>{escape(one.note)}</p>"
    if one.chart is not None and one.table.height:
        yield _figure(one, name)
    if one.table.height:
        yield _table(one.table)
    yield (
        '<details><summary class="soft">The rows behind</summary>'
        f'<div class="scroll" tabindex="0"><code>{escape(one.query)}</code></div></details>'
    )


def _figure(one: Statistic, name: str) -> str:
    build = chart_of(one)
    drawn = "".join(
        f'<div class="{kind}">'
        f"{drawing.svg(build(width), title=one.title, description=one.note, name=f'{name}-{kind}')}"
        "</div>"
        for kind, width in (("wide", drawing.WIDE), ("narrow", drawing.NARROW))
    )
    return f"<figure>{drawn}<figcaption>{cut_off(one)}</figcaption></figure>"


def chart_of(one: Statistic, *, linked: bool = False) -> Callable[[int], drawing.Chart]:
    """Return what draws a statistic that has a chart, for a width in pixels.

    Args:
        one: The statistic.
        linked: Each bar or cell leads where the link of its row's number leads; see `drawing.svg`.
    """
    chart = one.chart
    assert chart is not None
    draw = bar_chart if isinstance(chart, Bars) else _grid_chart
    return partial(draw, one.table, chart, linked=linked)  # type: ignore[arg-type]


def cut_off(one: Statistic) -> str:
    """Say how many rows a chart shows, if not all."""
    more = one.table.height - MOST_BARS
    if not isinstance(one.chart, Bars) or more <= 0:
        return ""
    return f"The first {MOST_BARS} of {one.table.height:,}."


def bar_chart(
    table: pl.DataFrame, bars: Bars, width: int, *, linked: bool = False
) -> drawing.Chart:
    """Draw a bar for each of the first rows, in their order."""
    rows = [
        {
            "key": f"{place:03}\u0000{name}",
            "value": value,
            **({"link": drawing.mark_number(place)} if linked else {}),
        }
        for place, (name, value) in enumerate(
            table.select(bars.name, bars.value).head(MOST_BARS).rows()
        )
    ]
    narrow = width < drawing.WIDE
    names = drawing.axis(
        title=None, grid=False, labelLimit=120 if narrow else 240, labelExpr="slice(datum.label, 4)"
    )
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(color=drawing.ACCENT, height=14)
        .encode(
            y=alt.Y("key:N", sort=None, axis=names),
            x=alt.X("value:Q", axis=drawing.axis(title=bars.title, tickCount=4 if narrow else 8)),
        )
    )
    if linked:
        chart = chart.encode(href=alt.Href("link:N"))
    return alt.LayerChart(layer=[chart]).properties(width=width, height=24 * len(rows))


def _grid_chart(
    table: pl.DataFrame, grid: Grid, width: int, *, linked: bool = False
) -> drawing.Chart:
    cells = table.select(grid.row, grid.column, grid.value).rows()
    most = max((value or 0 for _, _, value in cells), default=0) or 1
    rows = list(dict.fromkeys(str(row) for row, _, _ in cells))
    columns = list(dict.fromkeys(str(column) for _, column, _ in cells))
    written = len(columns) <= MOST_WRITTEN
    squares = [
        Square(
            str(row),
            str(column),
            (value or 0) / most,
            (f"{value:,}",) if written else (),
            place if linked else None,
        )
        for place, (row, column, value) in enumerate(cells)
    ]
    return matrix_chart(
        squares, width, rows=rows, columns=columns, row_title=grid.row, column_title=grid.column
    )


def _table(table: pl.DataFrame) -> str:
    head = "".join(
        f'<th scope="col">{escape(name.replace("_", " "))}</th>' for name in table.columns
    )
    body = "".join(f"<tr>{_row(row)}</tr>" for row in table.head(MOST_ROWS).rows())
    more = table.height - MOST_ROWS
    said = f"<p>{more:,} more rows are in the JSON.</p>" if more > 0 else ""
    shown = (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>{said}"
    )
    return f"<details><summary>The numbers</summary>{shown}</details>"


def _row(row: Sequence[object]) -> str:
    first, *rest = (escape(cell_text(value)) for value in row)
    return f'<th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in rest)


def cell_text(value: object) -> str:
    """Return a number rounded for people, a dash for what is not known, else the text itself."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        if value != value:
            return "–"
        return number(value) if value == 0 or abs(value) >= TINY else f"{value:.1e}"
    if isinstance(value, int):
        return f"{value:,}"
    return "–" if value is None else str(value)
