"""The types a column of examples may have, and how cells become them.

CSV knows only text, so a column's kind is inferred from all of its cells; JSON and Parquet say theirs.
A cell that does not fit its column's kind is a problem with a place, never a silent null.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum

import polars as pl

LIST_SEPARATOR = "|"


class Kind(StrEnum):
    """What the cells of a column are. Empty text is a missing value in every format."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    TRUTH = "boolean"
    DATE = "date"
    TIME = "time"  # With an offset, or else taken as UTC; kept in UTC.
    TEXTS = "list of text"
    NUMBERS = "list of numbers"

    @property
    def dtype(self) -> pl.DataType:
        """The polars type that holds this kind."""
        return _DTYPES[self]


_DTYPES: dict[Kind, pl.DataType] = {
    Kind.TEXT: pl.String(),
    Kind.INTEGER: pl.Int64(),
    Kind.NUMBER: pl.Float64(),
    Kind.TRUTH: pl.Boolean(),
    Kind.DATE: pl.Date(),
    Kind.TIME: pl.Datetime("us", "UTC"),
    Kind.TEXTS: pl.List(pl.String()),
    Kind.NUMBERS: pl.List(pl.Float64()),
}

_INTEGER = r"^-?(?:0|[1-9][0-9]{0,17})$"
_NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_PADDED = r"^[+-]?0[0-9]"
_NO_NUMBER = r"(?i)^(?:[+-]?(?:nan|inf|infinity)|na|n/a|null)$"
_TRUTH = r"(?i)^(?:true|false)$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}"


def native_kind(dtype: pl.DataType) -> Kind | None:
    """Return the kind of a typed column, or None for types a table of examples cannot have."""
    if isinstance(dtype, pl.String | pl.Categorical | pl.Enum | pl.Null):
        return Kind.TEXT
    if isinstance(dtype, pl.Boolean):
        return Kind.TRUTH
    if dtype.is_integer():
        return Kind.INTEGER
    if dtype.is_numeric():
        return Kind.NUMBER
    if isinstance(dtype, pl.Date):
        return Kind.DATE
    if isinstance(dtype, pl.Datetime):
        return Kind.TIME
    if isinstance(dtype, pl.List | pl.Array):
        return _list_kind(pl.Series(dtype=dtype.inner).dtype)
    return None


def _list_kind(inner: pl.DataType) -> Kind | None:
    kind = native_kind(inner)
    if kind is Kind.TEXT:
        return Kind.TEXTS
    return Kind.NUMBERS if kind in (Kind.INTEGER, Kind.NUMBER) else None


def infer_kind(cells: pl.Series) -> Kind:
    """Return the narrowest kind all cells of a column of text have.

    Zero-padded whole numbers (`007`) are names, so they stay text. Words such as `nan` among numbers
    leave the column a column of numbers, in which they are then problems.
    """
    present = cells.drop_nulls()
    if present.is_empty():
        return Kind.TEXT

    def all_match(pattern: str) -> bool:
        return bool(present.str.contains(pattern).all())

    for kind, pattern in (
        (Kind.INTEGER, _INTEGER),
        (Kind.TRUTH, _TRUTH),
        (Kind.DATE, _DATE),
        (Kind.TIME, _TIME),
    ):
        if all_match(pattern):
            return kind
    return Kind.NUMBER if _looks_numeric(present) else Kind.TEXT


def infer_calendar(cells: pl.Series) -> Kind:
    """Return `date` or `time` for ISO 8601 text (what JSON has instead of dates), else `text`."""
    kind = infer_kind(cells)
    return kind if kind in (Kind.DATE, Kind.TIME) else Kind.TEXT


def _looks_numeric(present: pl.Series) -> bool:
    numbers = present.str.contains(_NUMBER)
    odd = present.filter(~numbers)
    return (
        bool(numbers.any())
        and len(odd) * 2 <= len(present)
        and bool(odd.str.contains(_NO_NUMBER).all())
        and not bool(present.str.contains(_PADDED).any())
    )


def convert(cells: pl.Series, kind: Kind) -> tuple[pl.Series, pl.Series]:
    """Return the cells as `kind`, and a mask of those that cannot be.

    A number that is NaN or infinite cannot be: a missing value is an empty cell.
    """
    if isinstance(cells.dtype, pl.Categorical | pl.Enum | pl.Null):
        cells = cells.cast(pl.String)
    if isinstance(cells.dtype, pl.String):
        cells = cells.replace("", None)
        converted = _FROM_TEXT[kind](cells)
    else:
        converted = _from_native(cells, kind)
    bad = (converted.is_null() & cells.is_not_null()) | ~_all_finite(converted)
    return converted.set(bad, None) if bad.any() and not kind.dtype.is_nested() else converted, bad


def _all_finite(cells: pl.Series) -> pl.Series:
    if isinstance(cells.dtype, pl.Float64):
        return cells.is_finite().fill_null(value=True)
    if isinstance(cells.dtype, pl.List):
        return _lists_complete(cells)
    return pl.repeat(value=True, n=len(cells), eager=True)


def _lists_complete(cells: pl.Series) -> pl.Series:
    items = cells.list
    fine = items.eval(
        pl.element().is_finite().fill_null(value=False)
        if cells.dtype == pl.List(pl.Float64)
        else pl.element().is_not_null()
    )
    return fine.list.all().fill_null(value=True)


def _from_native(cells: pl.Series, kind: Kind) -> pl.Series:
    source = native_kind(cells.dtype)
    if source is Kind.TIME and kind is Kind.TIME:
        return _in_utc(cells)
    if (source, kind) in _WIDENINGS or source is kind:
        return cells.cast(kind.dtype, strict=False)
    return pl.Series(cells.name, [None] * len(cells), dtype=kind.dtype)


_WIDENINGS = {
    (Kind.INTEGER, Kind.TEXT),
    (Kind.TRUTH, Kind.TEXT),
    (Kind.DATE, Kind.TEXT),
    (Kind.INTEGER, Kind.NUMBER),
    (Kind.DATE, Kind.TIME),
}


def _in_utc(cells: pl.Series) -> pl.Series:
    zone = getattr(cells.dtype, "time_zone", None)
    aware = cells.dt.convert_time_zone("UTC") if zone else cells.dt.replace_time_zone("UTC")
    return aware.cast(Kind.TIME.dtype)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _parse_moments(cells: pl.Series) -> pl.Series:
    moments = [None if text is None else _moment(text) for text in cells]
    return pl.Series(cells.name, moments, dtype=Kind.TIME.dtype)


def _parse_matching(pattern: str, dtype: pl.DataType) -> Callable[[pl.Series], pl.Series]:
    def parse(cells: pl.Series) -> pl.Series:
        matching = cells.set(~cells.str.contains(pattern), None)
        return matching.cast(dtype, strict=False)

    return parse


def _parse_truth(cells: pl.Series) -> pl.Series:
    folded = cells.str.to_lowercase()
    return folded.replace_strict(
        {"true": True, "false": False}, default=None, return_dtype=pl.Boolean
    )


def _split_list(cells: pl.Series) -> pl.Series:
    return cells.str.split(LIST_SEPARATOR)


_FROM_TEXT: dict[Kind, Callable[[pl.Series], pl.Series]] = {
    Kind.TEXT: lambda cells: cells,
    Kind.INTEGER: _parse_matching(_INTEGER, pl.Int64()),
    Kind.NUMBER: _parse_matching(_NUMBER, pl.Float64()),
    Kind.TRUTH: _parse_truth,
    Kind.DATE: lambda cells: cells.str.to_date("%Y-%m-%d", strict=False),
    Kind.TIME: _parse_moments,
    Kind.TEXTS: _split_list,
    Kind.NUMBERS: lambda cells: _split_list(cells).cast(pl.List(pl.Float64), strict=False),
}
