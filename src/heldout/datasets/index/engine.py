"""Answers queries from an index folder.

`DataIndex` is what pages are written against; another engine may stand behind it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec
import numpy as np

from heldout.datasets.index.build import FILE, VERSION, Summary
from heldout.datasets.index.columns import LATITUDES, LONGITUDES, SPLIT, Column, of_name
from heldout.datasets.index.marks import Mark
from heldout.datasets.index.matching import Matcher
from heldout.datasets.index.query import Hit, Query
from heldout.datasets.index.sidecar import (
    Array,
    Rows,
    Sidecar,
    count_codes,
    earlier_rows,
    items_of,
    next_rows,
)
from heldout.datasets.table import ID, MEDIA
from heldout.decoding import decode
from heldout.errors import HeldoutError

PAGE = 50
# What SQLite may read without copying, and keep.
_MAPPED, _KEPT = 1 << 31, -16 * 1024
_AT_ONCE = 500


class Page(NamedTuple):
    """A page of hits, and the positions to go on from.

    Attributes:
        hits: The rows.
        total: How many rows match in all.
        number: The place of the first hit among the matches, from 1; 0 if there is none.
        before: Pass it as `before` for the page before; None if this is the first.
        after: Pass it as `after` for the next page; None if this is the last.
    """

    hits: tuple[Hit, ...]
    total: int
    number: int
    before: int | None
    after: int | None


class Count(NamedTuple):
    """A value of a facet and the rows that have it."""

    value: str
    rows: int


class Bin(NamedTuple):
    """A bin of a histogram: from `low` to below `high`, the last one closed."""

    low: float
    high: float
    rows: int


class Item(NamedTuple):
    """One example with all an index has of it, and its neighbours among the matches."""

    hit: Hit
    marks: tuple[Mark, ...]
    earlier: Hit | None = None
    later: Hit | None = None


class DataIndex(Protocol):
    """What can be asked of an index."""

    @property
    def summary(self) -> Summary:
        """What the index says of itself."""

    def count(self, query: Query) -> int:
        """Return how many rows match."""

    def page(
        self, query: Query, *, after: int | None = None, before: int | None = None, size: int = PAGE
    ) -> Page:
        """Return the first page, or the one after or before a position."""

    def facet(self, query: Query, column: str, *, most: int | None = None) -> list[Count]:
        """Return the values of a column among the matches, the most frequent first."""

    def histogram(self, query: Query, column: str) -> list[Bin]:
        """Return how the numbers of a column are distributed among the matches."""

    def item(self, split: str, id: str, query: Query | None = None) -> Item | None:
        """Return one example, with its neighbours in the order of a query."""

    def rows(self, query: Query, *, most: int | None = None) -> Iterator[Hit]:
        """Return all matches in order."""


class StaleIndex(HeldoutError):
    """The index is damaged or of another version: build it again."""


class SqliteIndex:
    """An index folder, opened read-only and immutable; may be used by any number of threads."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._sidecar = Sidecar(folder)
        self._local = threading.local()
        self.summary = self._read_summary()
        self._columns = {one.name: one for one in self.summary.columns}
        self._codes = lru_cache(maxsize=64)(self._load_codes)
        self._matcher = Matcher(self._sidecar, self._columns, self.summary.rows, self._codes)

    def _read_summary(self) -> Summary:
        try:
            (content,) = self._database.execute("SELECT content FROM meta").fetchone()
            summary = decode(content, Summary)
        except (sqlite3.Error, msgspec.MsgspecError, TypeError) as error:
            raise StaleIndex(f"{self._file} is no index of this version") from error
        if summary.version != VERSION:
            raise StaleIndex(f"{self._file} is of version {summary.version}, not {VERSION}")
        return summary

    @property
    def _database(self) -> sqlite3.Connection:
        """One connection per thread; the file never changes, so nothing is locked."""
        if not hasattr(self._local, "database"):
            address = f"{self._file.absolute().as_uri()}?mode=ro&immutable=1"
            self._local.database = sqlite3.connect(address, uri=True, isolation_level=None)
            self._local.database.execute(f"PRAGMA mmap_size = {_MAPPED}")
            self._local.database.execute(f"PRAGMA cache_size = {_KEPT}")
        database: sqlite3.Connection = self._local.database
        return database

    def _load_codes(self, field: str) -> dict[str, int]:
        found = self._database.execute("SELECT value, code FROM value WHERE field = ?", [field])
        return dict(found.fetchall())

    @property
    def columns(self) -> Mapping[str, Column]:
        """All columns by name, in the order of the data."""
        return self._columns

    @property
    def places(self) -> tuple[str, str] | None:
        """The columns of latitude and longitude, where there are both."""
        found = of_name(self._columns, LATITUDES), of_name(self._columns, LONGITUDES)
        return found if all(found) else None

    def has_media(self, name: str) -> bool:
        """Whether an example of this index has this image."""
        if MEDIA not in self._columns:
            return False
        field = self._columns[MEDIA].field
        found = self._database.execute(f"SELECT 1 FROM item WHERE {field} = ? LIMIT 1", [name])  # noqa: S608
        return found.fetchone() is not None

    def count(self, query: Query) -> int:
        """Return how many rows match."""
        return int(np.count_nonzero(self._matcher.mask(query, self._database)))

    def page(
        self, query: Query, *, after: int | None = None, before: int | None = None, size: int = PAGE
    ) -> Page:
        """Return the first page, or the one after or before a position.

        A position is a place in the order of the query, so it stays what it is while the index does:
        no page is skipped or shown twice, and the last page costs what the first does.
        """
        mask = self._matcher.mask(query, self._database)
        order = self._order(query)
        if before is not None:
            found = earlier_rows(mask, order, max(0, min(before, len(mask))), size)
        else:
            found = next_rows(mask, order, 0 if after is None else max(0, after + 1), size)
        total = int(np.count_nonzero(mask))
        if not len(found):
            return Page((), total, 0, None, None)
        first, last = int(found[0]), int(found[-1])
        number = _count_before(mask, order, first, total) + 1
        rows = found if order is None else order[found]
        return Page(
            tuple(self._hits(rows.tolist())),
            total,
            number,
            first if number > 1 else None,
            last if number - 1 + len(found) < total else None,
        )

    def _order(self, query: Query) -> Array | None:
        name = query.sort.removeprefix("-")
        if not name or name not in self._columns or not self._columns[name].sortable:
            return None
        kind = "falling" if query.sort.startswith("-") else "order"
        return self._sidecar[f"{self._columns[name].field}.{kind}"]

    def _hits(self, rows: Sequence[int]) -> Iterator[Hit]:
        fields = ", ".join(one.field for one in self.summary.columns)
        names = tuple(self._columns)
        marks = ", ".join("?" * len(rows))
        found = self._database.execute(
            f"SELECT row, {fields} FROM item WHERE row IN ({marks})",  # noqa: S608 - our own names
            [row + 1 for row in rows],
        )
        cells = {row - 1: dict(zip(names, rest, strict=True)) for row, *rest in found}
        for row in rows:
            yield Hit(row, cells[row].pop(SPLIT), cells[row].pop(ID), self._typed(cells[row]))

    def _typed(self, cells: dict[str, object]) -> dict[str, object]:
        for name, value in cells.items():
            if value is not None and self._columns[name].is_list:
                cells[name] = _list(str(value))
            elif value is not None and self._columns[name].kind == "boolean":
                cells[name] = bool(value)
        return cells

    def facet(self, query: Query, column: str, *, most: int | None = None) -> list[Count]:
        """Return the values of a column among the matches, the most frequent first.

        The query's own filter on the column is left aside, so that the other values can be added.
        """
        one, rest = self._columns[column], query.without(column)
        if rest.is_everything:
            return self._totals(one, most)
        counts = self._counts(rest, one)
        order = np.argsort(-counts[1:], kind="stable")[:most] + 1
        order = order[counts[order] > 0]
        values = self._values(one.field, order.tolist())
        found = [Count(values[code], int(counts[code])) for code in order.tolist()]
        return _with_missing(found, int(counts[0]), most)

    def _totals(self, column: Column, most: int | None) -> list[Count]:
        found = self._database.execute(
            "SELECT value, total FROM value WHERE field = ? ORDER BY code LIMIT ?",
            [column.field, -1 if most is None else most],
        )
        return _with_missing([Count(*row) for row in found], column.missing, most)

    def _counts(self, query: Query, column: Column) -> Array:
        rows = self._rows(query)
        if not column.is_list:
            return count_codes(self._sidecar[f"{column.field}.codes"], rows, column.distinct)
        items, starts = (self._sidecar[f"{column.field}.{what}"] for what in ("items", "starts"))
        counts = count_codes(items, items_of(starts, rows), column.distinct)
        counts[0] = np.count_nonzero(starts[rows] == starts[rows + 1])
        return counts

    def _rows(self, query: Query) -> Rows:
        return self._matcher.rows(query, self._database)

    def _values(self, field: str, codes: Sequence[int]) -> dict[int, str]:
        marks = ", ".join("?" * len(codes))
        found = self._database.execute(
            f"SELECT code, value FROM value WHERE field = ? AND code IN ({marks})",  # noqa: S608
            [field, *codes],
        )
        return dict(found.fetchall())

    def histogram(self, query: Query, column: str) -> list[Bin]:
        """Return how the numbers of a column are distributed among the matches."""
        one = self._columns[column]
        rest = query.without(column)
        rows = None if rest.is_everything else self._rows(rest)
        counts = count_codes(self._sidecar[f"{one.field}.bins"], rows, len(one.edges) - 1)
        pairs = zip(one.edges, one.edges[1:], strict=False)
        return [Bin(*ends, int(n)) for ends, n in zip(pairs, counts[1:], strict=False)]

    def numbers(self, query: Query, columns: Sequence[str]) -> list[Array]:
        """Return the numbers of some columns of all matches, in the order of the data set."""
        rows = self._rows(query)
        return [self._sidecar[f"{self._columns[one].field}.numbers"][rows] for one in columns]

    def item(self, split: str, id: str, query: Query | None = None) -> Item | None:
        """Return one example, with its neighbours in the order of a query."""
        fields = (self._columns[ID].field, self._columns[SPLIT].field)
        found = self._database.execute(
            f"SELECT row FROM item WHERE {fields[0]} = ? AND {fields[1]} = ?",  # noqa: S608
            [id, split],
        ).fetchone()
        if found is None:
            return None
        row = int(found[0]) - 1
        near = self._neighbours(row, query or Query())
        hits = {
            hit.row: hit for hit in self._hits([row, *(one for one in near if one is not None)])
        }
        before, after = near
        return Item(
            hits[row],
            tuple(self._marks(row)),
            None if before is None else hits[before],
            None if after is None else hits[after],
        )

    def _neighbours(self, row: int, query: Query) -> tuple[int | None, int | None]:
        mask, order = self._matcher.mask(query, self._database), self._order(query)
        place = row if order is None else int(np.flatnonzero(order == row)[0])
        before, after = earlier_rows(mask, order, place, 1), next_rows(mask, order, place + 1, 1)
        rows = [None if not len(some) else int(some[0]) for some in (before, after)]
        if order is not None:
            rows = [None if one is None else int(order[one]) for one in rows]
        return rows[0], rows[1]

    def _marks(self, row: int) -> list[Mark]:
        found = self._database.execute("SELECT content FROM mark WHERE row = ?", [row + 1])
        content = found.fetchone()
        return decode(content[0], list[Mark]) if content else []

    def marks_of(self, rows: Iterable[int]) -> dict[int, list[Mark]]:
        """Return the annotations of some rows."""
        return {row: self._marks(row) for row in rows}

    def rows(self, query: Query, *, most: int | None = None) -> Iterator[Hit]:
        """Return all matches in order."""
        mask, order = self._matcher.mask(query, self._database), self._order(query)
        found = next_rows(mask, order, 0, len(mask) if most is None else most)
        rows = (found if order is None else order[found]).tolist()
        for start in range(0, len(rows), _AT_ONCE):
            yield from self._hits(rows[start : start + _AT_ONCE])


def _with_missing(found: list[Count], missing: int, most: int | None) -> list[Count]:
    return [*found, Count("", missing)] if missing and most is None else found


def _list(text: str) -> list[object]:
    try:
        return list(decode(text))
    except msgspec.DecodeError:  # Cut off when it was written.
        return [text]


def _count_before(mask: Array, order: Array | None, place: int, total: int) -> int:
    """Return how many chosen rows stand before a place in an order; gathers on the shorter side."""
    if order is None:
        return int(np.count_nonzero(mask[:place]))
    if place <= len(order) // 2:
        return int(np.count_nonzero(mask[order[:place]]))
    return total - int(np.count_nonzero(mask[order[place:]]))
