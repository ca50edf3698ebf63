"""Turns a query into one bit per row.

Every filter is one pass over a memory-mapped array of one to eight bytes per row: about a third of a
millisecond per million rows. Masks of recent parts are kept, since a page, its facets and the next
page ask for the same ones.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Generic, TypeVar

import numpy as np

from heldout.datasets.index.columns import Column
from heldout.datasets.index.query import Query, Range, Term, parse_text
from heldout.datasets.index.sidecar import Mask, Rows, Sidecar, any_of
from heldout.datasets.index.words import plain_word, quoted, rows_with

# Of a million rows a mask is one megabyte, their numbers up to eight.
MOST_MASKS, MOST_ROWS = 24, 4

Codes = Callable[[str], Mapping[str, int]]


Kept = TypeVar("Kept")


class Recent(Generic[Kept]):
    """The answers that were asked for last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[object, Kept] = OrderedDict()
        self._lock = Lock()

    def get(self, key: object, make: Callable[[], Kept]) -> Kept:
        """Return what was kept under the key, or make it."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made


def _key(query: Query) -> object:
    return query.text, query.chosen, query.ranges, query.every


class Matcher:
    """Finds the rows of one index that match."""

    def __init__(
        self, sidecar: Sidecar, columns: Mapping[str, Column], size: int, codes: Codes
    ) -> None:
        self._sidecar, self._columns, self._size, self._codes = sidecar, columns, size, codes
        self._masks: Recent[Mask] = Recent(MOST_MASKS)
        self._rows: Recent[Rows] = Recent(MOST_ROWS)
        self._frequent: dict[tuple[str, str], int] | None = None

    def mask(self, query: Query, database: sqlite3.Connection) -> Mask:
        """Return which rows match; not to be written to."""
        return self._masks.get(_key(query), lambda: self._match(query, database))

    def rows(self, query: Query, database: sqlite3.Connection) -> Rows:
        """Return the numbers of the rows that match, rising; not to be written to."""
        return self._rows.get(_key(query), lambda: np.flatnonzero(self.mask(query, database)))

    def forget(self) -> None:
        """Drop what was kept."""
        self._masks, self._rows = Recent(MOST_MASKS), Recent(MOST_ROWS)

    def _match(self, query: Query, database: sqlite3.Connection) -> Mask:
        mask = np.ones(self._size, dtype=np.bool_)
        searchable = [one.name for one in self._columns.values() if one.searchable]
        if terms := parse_text(query.text, searchable) if searchable else []:
            mask &= self._masks.get(query.text, lambda: self._with_text(terms, database))
        for name, values in query.chosen:
            mask &= self._with_values(self._columns[name], values)
        for name, value in query.every:
            mask &= self._with_values(self._columns[name], (value,))
        for name, bounds in query.ranges:
            mask &= self._within(self._columns[name], bounds)
        return mask

    def _with_text(self, terms: list[Term], database: sqlite3.Connection) -> Mask:
        mask = np.ones(self._size, dtype=np.bool_)
        rare = []
        for term in terms:
            bits = self._bitmap(term, database)
            if bits is None:
                rare.append(term)
            else:
                mask &= ~bits if term.excluded else bits
        wanted = " AND ".join(self._expression(one) for one in rare if not one.excluded)
        if wanted:
            mask &= rows_with(database, wanted, self._size)
        for term in (one for one in rare if one.excluded):
            mask &= ~rows_with(database, self._expression(term), self._size)
        return mask

    def _expression(self, term: Term) -> str:
        """Everything typed stands in quotes, so that none of it is syntax."""
        scope = f"{{{self._columns[term.column].field}}} : " if term.column else ""
        return f"({scope}{quoted(term.text)}{' *' if term.prefix else ''})"

    def _bitmap(self, term: Term, database: sqlite3.Connection) -> Mask | None:
        word = plain_word(term.text)
        field = self._columns[term.column].field if term.column else ""
        if len([one for one in self._columns.values() if one.searchable]) == 1:
            field = ""
        asked = f"{word}*" if term.prefix else word
        place = self._places(database).get((asked, field)) if word else None
        if place is None:
            return None
        bits = np.unpackbits(self._sidecar["words"][place], count=self._size)
        return bits.view(np.bool_)

    def _places(self, database: sqlite3.Connection) -> dict[tuple[str, str], int]:
        if self._frequent is None:
            found = database.execute("SELECT word, field, place FROM frequent").fetchall()
            self._frequent = {(word, field): place for word, field, place in found}
        return self._frequent

    def _with_values(self, column: Column, values: tuple[str, ...]) -> Mask:
        known = self._codes(column.field)
        wanted = [
            0 if value == "" else known[value] for value in values if value in known or not value
        ]
        if not column.is_list:
            return any_of(self._sidecar[f"{column.field}.codes"], wanted, column.distinct)
        items, starts = (self._sidecar[f"{column.field}.{what}"] for what in ("items", "starts"))
        mask = np.zeros(self._size, dtype=np.bool_)
        places = np.flatnonzero(any_of(items, [code for code in wanted if code], column.distinct))
        mask[np.searchsorted(starts, places, side="right") - 1] = True
        if 0 in wanted:
            mask |= starts[1:] == starts[:-1]
        return mask

    def _within(self, column: Column, bounds: Range) -> Mask:
        numbers = self._sidecar[f"{column.field}.numbers"]
        # Nothing is true of NaN, so a missing value is in no range.
        mask: Mask = numbers >= (-np.inf if bounds.low is None else bounds.low)
        if bounds.high is not None:
            mask &= numbers <= bounds.high
        return mask
