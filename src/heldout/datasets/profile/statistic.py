"""What every statistic of a data set returns, and how to get at the rows behind it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from heldout.datasets.annotations.dataset import DataSet


class Bars(NamedTuple):
    """A bar for each row of a table.

    Attributes:
        name: The column of the names.
        value: The column of the lengths.
        title: What the lengths are.
    """

    name: str
    value: str
    title: str


class Grid(NamedTuple):
    """A shaded cell for each row of a table.

    Attributes:
        row: The column that says in which row a cell stands.
        column: The column that says in which column.
        value: The column that shades it.
        title: What the values are.
    """

    row: str
    column: str
    value: str
    title: str


@dataclass(frozen=True, slots=True, eq=False)
class Statistic:
    """One statistic: a table, a picture of it, what it means, and the query to the rows behind it.

    Attributes:
        id: Its name in `docs/reference/statistics.md`.
        title: A heading.
        note: What it means here, in numbers.
        table: The numbers; shares are from 0 to 1.
        query: SQL over the tables `examples`, `annotations` and `result` (this table). A column's
            name in braces stands for the value of that column in one row of `result`.
        chart: What to draw of the table; None where a picture says no more.
        alarms: What somebody should look at before publishing, one sentence each.
    """

    id: str
    title: str
    note: str
    table: pl.DataFrame
    query: str
    chart: Bars | Grid | None = None
    alarms: tuple[str, ...] = ()


def rows_behind(statistic: Statistic, dataset: DataSet, *, row: int | None = None) -> pl.DataFrame:
    """Return the rows of the data set that a statistic, or one row of its table, is made of.

    Args:
        row: Of the statistic's table; needed where its query has braces.

    Raises:
        ValueError: The query has braces and no row is given.
    """
    query = statistic.query
    if row is not None:
        query = _fill(query, statistic.table.row(row, named=True))
    elif "{" in query:
        raise ValueError(f"the query of {statistic.id} is about one row of its table: name it")
    with pl.SQLContext(
        examples=dataset.examples, annotations=dataset.annotations, result=statistic.table
    ) as context:
        return context.execute(query, eager=True)


def _fill(query: str, values: Mapping[str, object]) -> str:
    for name, value in values.items():
        query = query.replace(f"{{{name}}}", _literal(value))
    return query


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)


def select(table: str, where: str) -> str:
    """Return the query for some rows of `examples` or `annotations`, with all their columns."""
    return " ".join(("SELECT * FROM", table, "WHERE", where))


def quoted(name: str) -> str:
    """Return a column's name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def share(part: float, whole: float) -> float:
    """Return part of a whole; NaN of nothing."""
    return part / whole if whole else math.nan


def percent(value: float) -> str:
    """`12.3 %`, or a dash for a number that is not known."""
    return "–" if math.isnan(value) else f"{100 * value:.1f} %"


def named(count: int, noun: str, plural: str = "") -> str:
    """`1 class`, `2,000 classes`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
