"""What an index knows about a column: how it is stored, searched, counted and sorted."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import polars as pl

from heldout.datasets.kinds import Kind
from heldout.datasets.table import ID, MEDIA

# A column with more distinct values is no facet; codes are 16 bit at most.
MOST_VALUES = 60_000
LONGEST_VALUE = 120
# A number with so few distinct values is a facet besides being a range.
FEW_NUMBERS = 12
BINS = 24
# From here on a positive column is told on a logarithmic scale.
LOG_RATIO = 100.0

SPLIT = "split"
LATITUDES = ("lat", "latitude")
LONGITUDES = ("lng", "lon", "long", "longitude")


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column of an index.

    Attributes:
        name: Its name in the data.
        kind: What its cells are.
        field: Its name in the SQLite file.
        searchable: Whether its words are in the full text.
        facet: Whether its values are counted.
        ranged: Whether it has numbers one can bound: numbers, dates and times (seconds since 1970).
        sortable: Whether rows can be sorted by it.
        low: The least of its numbers, None where there are none.
        high: The greatest.
        log: Whether its numbers are told on a logarithmic scale.
        edges: The borders of the bins of its histogram, one more than bins.
        missing: How many rows have no value.
        distinct: How many values it has, where it is a facet.
    """

    name: str
    kind: Kind
    field: str
    searchable: bool = False
    facet: bool = False
    ranged: bool = False
    sortable: bool = False
    low: float | None = None
    high: float | None = None
    log: bool = False
    edges: tuple[float, ...] = ()
    missing: int = 0
    distinct: int = 0

    @property
    def is_list(self) -> bool:
        """Whether a cell holds several values."""
        return self.kind in (Kind.TEXTS, Kind.NUMBERS)


def is_countable(cells: pl.Series, name: str) -> bool:
    """Whether counting the values of a column of text says something: they repeat and are short."""
    if name in (ID, MEDIA):
        return False
    present = cells.drop_nulls()
    if present.is_empty():
        return False
    distinct = present.n_unique()
    longest = present.str.len_chars().max()
    repeats = distinct <= max(2, len(present) // 2)
    return repeats and distinct <= MOST_VALUES and int(str(longest or 0)) <= LONGEST_VALUE


def of_name(names: Mapping[str, Column], candidates: tuple[str, ...]) -> str:
    """Return the ranged column that bears one of these names, or nothing."""
    found = (one.name for one in names.values() if one.ranged and one.name.lower() in candidates)
    return next(found, "")
