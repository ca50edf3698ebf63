"""Between an address and a query: what a person sees can be shared, bookmarked and gone back to."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlencode

from django.http import QueryDict

from heldout.datasets.index.columns import Column
from heldout.datasets.index.query import LONGEST_TEXT, Query, Range
from heldout.datasets.kinds import Kind

CHOSEN, LEAST, MOST, EVERY = "f.", "min.", "max.", "every."
# Addresses grow no further than servers take them.
MOST_VALUES = 60


class Asked(NamedTuple):
    """What an address asks for, and what of it could not be understood."""

    query: Query
    notes: tuple[str, ...]
    after: int | None
    before: int | None


def read(given: QueryDict, columns: Mapping[str, Column]) -> Asked:
    """Read an address. What is not understood is left out and told, never an error.

    A column somebody may not see is told of in the words for one that does not exist.
    """
    notes: list[str] = []
    chosen: dict[str, list[str]] = {}
    every: list[tuple[str, str]] = []
    ends: dict[str, dict[str, float]] = {}
    for key in given:
        prefix = next((one for one in (CHOSEN, LEAST, MOST, EVERY) if key.startswith(one)), "")
        name = key.removeprefix(prefix)
        column = columns.get(name)
        if not prefix or (not any(given.getlist(key)) and prefix not in (CHOSEN, EVERY)):
            continue
        if column is None or not (column.facet if prefix in (CHOSEN, EVERY) else column.ranged):
            notes.append(f"There is no column “{name}” to filter by; that filter is left out.")
        elif prefix == CHOSEN:
            chosen[name] = given.getlist(key)[:MOST_VALUES]
        elif prefix == EVERY:
            every += [(name, value) for value in given.getlist(key)[:MOST_VALUES]]
        else:
            _read_end(str(given[key]), prefix, column, ends, notes)
    ranges = {name: Range(one.get(LEAST), one.get(MOST)) for name, one in ends.items()}
    sort = _sort(given.get("sort", ""), columns)
    query = Query.of(given.get("q", "")[:LONGEST_TEXT], chosen, ranges, sort, every)
    return Asked(query, tuple(notes), _place(given, "after"), _place(given, "before"))


def _read_end(
    text: str, end: str, column: Column, ends: dict[str, dict[str, float]], notes: list[str]
) -> None:
    number = to_number(text, column)
    if number is None:
        what = "a date such as 2020-12-31" if is_calendar(column) else "a number"
        notes.append(f"“{text[:40]}” is not {what}; that bound of {column.name} is left out.")
    else:
        ends.setdefault(column.name, {})[end] = number


def is_calendar(column: Column) -> bool:
    return column.kind in (Kind.DATE, Kind.TIME)


def to_number(text: str, column: Column) -> float | None:
    try:
        if is_calendar(column):
            moment = datetime.fromisoformat(text.strip())
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        number = float(text.strip().replace(",", ""))
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def to_text(number: float, column: Column) -> str:
    """A bound as it is written in a field and in an address; reads back as the same number."""
    if is_calendar(column):
        moment = datetime.fromtimestamp(number, UTC)
        return (
            moment.date().isoformat() if moment.time() == moment.min.time() else moment.isoformat()
        )
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)


def _sort(text: str, columns: Mapping[str, Column]) -> str:
    column = columns.get(text.removeprefix("-"))
    return text if column is not None and column.sortable else ""


def _place(given: QueryDict, name: str) -> int | None:
    text = given.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 16 else None


def pairs(query: Query, columns: Mapping[str, Column]) -> Iterator[tuple[str, str]]:
    """The parameters that ask for this query."""
    if query.text:
        yield "q", query.text
    for name, values in query.chosen:
        for value in values:
            yield f"{CHOSEN}{name}", value
    for name, value in query.every:
        yield f"{EVERY}{name}", value
    for name, bounds in query.ranges:
        for prefix, number in ((LEAST, bounds.low), (MOST, bounds.high)):
            if number is not None:
                yield f"{prefix}{name}", to_text(number, columns[name])
    if query.sort:
        yield "sort", query.sort


def address(query: Query, columns: Mapping[str, Column], **more: object) -> str:
    """The part of an address from the question mark on; empty values are left out."""
    rest = ((name, str(value)) for name, value in more.items() if value not in (None, ""))
    found = urlencode([*pairs(query, columns), *rest])
    return f"?{found}" if found else ""
