"""The filters beside the examples: values with their counts, numbers with their distribution."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from heldout.datasets.index.columns import Column
from heldout.datasets.index.engine import SqliteIndex
from heldout.datasets.index.query import Query, Range
from heldout.datasets.index.views import Role
from heldout.site.catalog.asking import CHOSEN, LEAST, MOST, address, is_calendar, to_text

SHOWN = 8
MOST_PANELS = 24
# The first panels are open, the others and those without a choice are closed.
OPEN = 4
# A drawing of this many pixels per bar, and this high.
BAR, HEIGHT = 10, 48


class Value(NamedTuple):
    value: str
    name: str
    rows: int
    chosen: bool


class Panel(NamedTuple):
    """A column whose values can be chosen; `more` leads to all of them."""

    column: str
    field: str
    values: tuple[Value, ...]
    distinct: int
    open: bool
    more: str


class Bar(NamedTuple):
    x: int
    y: float
    height: float
    rows: int
    words: str
    address: str


class RangePanel(NamedTuple):
    """A column whose numbers can be bounded."""

    column: str
    least: str
    most: str
    low: str
    high: str
    least_allowed: float
    most_allowed: float
    log: bool
    calendar: bool
    bars: tuple[Bar, ...]
    width: int
    open: bool


class Chip(NamedTuple):
    """A filter in force, and the address without it."""

    words: str
    address: str


def name_of(value: str) -> str:
    return {"": "none given", "true": "yes", "false": "no"}.get(value, value)


def panels(index: SqliteIndex, query: Query) -> list[Panel]:
    facets = [one for one in index.columns.values() if one.facet and _says_something(one)]
    made = [panel(index, query, one) for one in facets[:MOST_PANELS]]
    return [one._replace(open=one.open or place < OPEN) for place, one in enumerate(made)]


def _says_something(column: Column) -> bool:
    return column.distinct > 1 or (column.distinct == 1 and column.missing > 0)


def panel(index: SqliteIndex, query: Query, column: Column, most: int | None = SHOWN) -> Panel:
    """The most frequent values, and those that are chosen however rare they are."""
    chosen = dict(query.chosen).get(column.name, ())
    counts = index.facet(query, column.name, most=most)
    rare = [value for value in chosen if value not in {one.value for one in counts}]
    values = [Value(one.value, name_of(one.value), one.rows, one.value in chosen) for one in counts]
    for value in rare:
        rows = index.count(query.narrowed(column.name, value))
        values.append(Value(value, name_of(value), rows, chosen=True))
    hides = most is not None and column.distinct > most
    more = address(query, index.columns, column=column.name) if hides else ""
    field = f"{CHOSEN}{column.name}"
    return Panel(column.name, field, tuple(values), column.distinct, bool(chosen), more)


def range_panels(index: SqliteIndex, query: Query) -> list[RangePanel]:
    ranged = [one for one in index.columns.values() if one.ranged and one.low != one.high]
    return [_range_panel(index, query, one) for one in ranged[:MOST_PANELS]]


def _range_panel(index: SqliteIndex, query: Query, column: Column) -> RangePanel:
    bounds = dict(query.ranges).get(column.name, Range())
    low, high = column.low or 0.0, column.high or 0.0
    bars = tuple(_bars(index, query, column))
    return RangePanel(
        column.name,
        f"{LEAST}{column.name}",
        f"{MOST}{column.name}",
        "" if bounds.low is None else to_text(bounds.low, column),
        "" if bounds.high is None else to_text(bounds.high, column),
        low,
        high,
        column.log,
        is_calendar(column),
        bars,
        BAR * len(bars),
        bounds != Range(),
    )


def _bars(index: SqliteIndex, query: Query, column: Column) -> Iterator[Bar]:
    """Each bar leads to the rows behind it."""
    bins = index.histogram(query, column.name)
    most = max((one.rows for one in bins), default=0) or 1
    rest = query.without(column.name)
    for place, one in enumerate(bins):
        height = max(HEIGHT * one.rows / most, 1.5 if one.rows else 0)
        last = place == len(bins) - 1
        high = one.high if last else below(one.high, column)
        ranges = {**dict(rest.ranges), column.name: Range(one.low, high)}
        asked = rest.having(ranges=ranges)
        ends = f"{told(one.low, column)} to {told(high, column)}"
        words = f"{column.name} {ends}: {one.rows:,}"
        where = address(asked, index.columns)
        yield Bar(place * BAR, HEIGHT - height, height, one.rows, words, where)


def below(number: float, column: Column) -> float:
    """The last number of a half-open bin, so that a bar leads to as many rows as it shows."""
    if column.kind == "integer":
        return number - 1 if number == int(number) else float(int(number))
    return math.nextafter(number, -math.inf)


def told(number: float, column: Column) -> str:
    """A number for people: three or four figures."""
    if is_calendar(column):
        return to_text(round(number), column)[:16].replace("T", " ")
    if column.kind == "integer" or abs(number) >= 1000:
        return f"{number:,.0f}"
    return f"{number:.3g}"


def chips(index: SqliteIndex, query: Query) -> list[Chip]:
    found = []
    if query.text:
        rest = replace(query, text="")
        found.append(Chip(f"“{query.text}”", address(rest, index.columns)))
    for name, values in query.chosen:
        for value in values:
            left = [one for one in values if one != value]
            chosen = (
                {**dict(query.chosen), name: left} if left else dict(query.without(name).chosen)
            )
            rest = query.having(chosen=chosen)
            found.append(Chip(f"{name}: {name_of(value)}", address(rest, index.columns)))
    for one in query.every:
        rest = replace(query, every=tuple(other for other in query.every if other != one))
        words = f"{one[0]}: {name_of(one[1])} too"
        found.append(Chip(words, address(rest, index.columns)))
    for name, bounds in query.ranges:
        column = index.columns[name]
        ends = [None if one is None else told(one, column) for one in bounds]
        words = f"from {ends[0]}" if ends[1] is None else f"up to {ends[1]}"
        words = words if None in ends else f"{ends[0]} to {ends[1]}"
        rest = query.having(ranges=dict(query.without(name).ranges))
        found.append(Chip(f"{name} {words}", address(rest, index.columns)))
    return found


def role_words(role: Role) -> str:
    """What a person is told about whose view this is."""
    return {
        Role.PUBLIC: "",
        Role.PARTICIPANT: "You see what participants see.",
        Role.ORGANISER: "With held-out answers, for organisers.",
    }[role]
