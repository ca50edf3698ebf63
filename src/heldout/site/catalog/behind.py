"""From a row of a statistic to the examples behind it: the query that the browser of data takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from heldout.datasets.index.build import NOT_GIVEN
from heldout.datasets.index.columns import SPLIT, Column
from heldout.datasets.index.marks import ANSWER_TYPE, CLASSES, LABELS, OBJECTS, PLACES, SIZES
from heldout.datasets.index.query import Query, Range
from heldout.datasets.profile import Statistic
from heldout.datasets.profile.world import BETWEEN, COUNTRY_COLUMNS
from heldout.datasets.table import REFERENCE
from heldout.site.catalog.asking import MOST_VALUES

Columns = Mapping[str, Column]
Row = Mapping[str, Any]


def behind(statistic: Statistic, row: Row, columns: Columns) -> Query | None:
    """The rows that one row of a statistic counts; None where no filter finds them."""
    find = _FINDERS.get(statistic.id)
    return None if find is None else find(statistic, row, columns)


def _having(columns: Columns, name: str, value: object) -> Query | None:
    """The rows with a value in a column, by its facet or as a range of one number."""
    column = columns.get(name)
    if column is None:
        return None
    if column.facet:
        told = str(value).lower() if isinstance(value, bool) else str(value)
        return Query.of(chosen={name: [told]})
    try:
        number = float(str(value))
    except ValueError:
        return None
    return Query.of(ranges={name: Range(number, number)}) if column.ranged else None


def _together(*queries: Query | None) -> Query | None:
    found = [one for one in queries if one is not None]
    if len(found) != len(queries):
        return None
    chosen = {name: values for one in found for name, values in one.chosen}
    ranges = {name: bounds for one in found for name, bounds in one.ranges}
    return Query.of(chosen=chosen, ranges=ranges)


def _of_class(_: Statistic, row: Row, columns: Columns) -> Query | None:
    named = next((one for one in (CLASSES, LABELS, REFERENCE) if one in columns), "")
    return _having(columns, named, row["category"])


def _of_group(_: Statistic, row: Row, columns: Columns) -> Query | None:
    groups = [name for name in row if name not in ("examples", "share", "smallest_gap")]
    return _together(*(_having(columns, name, row[name]) for name in groups))


def _of_value(statistic: Statistic, row: Row, columns: Columns) -> Query | None:
    return _having(columns, _column_of(statistic, columns), row["value"])


def _of_quantiles(statistic: Statistic, row: Row, columns: Columns) -> Query | None:
    measured = _column_of(statistic, columns)
    by = statistic.title.rpartition(" by ")[2] if " by " in statistic.title else ""
    if measured not in columns or not columns[measured].ranged:
        return None
    known = Query.of(ranges={measured: Range(row["0%"], row["100%"])})
    return _together(known, _having(columns, by, row["group"])) if by else known


def _column_of(statistic: Statistic, columns: Columns) -> str:
    """The column a statistic is about: its title ends with it, or names it before `by`."""
    words = statistic.title.removeprefix("Concentration by ").removeprefix("Quantiles of ")
    return words if words in columns else words.partition(" by ")[0]


def _of_field(_: Statistic, row: Row, columns: Columns) -> Query | None:
    if row["column"] is None:
        return Query()
    return _having(columns, NOT_GIVEN, row["field"])


def _of_licence(_: Statistic, row: Row, columns: Columns) -> Query | None:
    named = next((one for one in ("licence", "license") if one in columns), "")
    return _having(columns, named, row["licence"])


def _of_country(_: Statistic, row: Row, columns: Columns) -> Query | None:
    named = next((one for one in COUNTRY_COLUMNS if one in columns), "")
    return None if row["value"] is None else _having(columns, named, row["value"])


def _of_pair(_: Statistic, row: Row, columns: Columns) -> Query | None:
    """The examples with both classes."""
    named = next((one for one in (CLASSES, LABELS, REFERENCE) if one in columns), "")
    found = _having(columns, named, row["first"])
    if found is None or not columns[named].facet:
        return None
    return replace(found, every=((named, str(row["second"])),))


def _of_income(_: Statistic, row: Row, columns: Columns) -> Query | None:
    named = next((one for one in COUNTRY_COLUMNS if one in columns), "")
    values = [one for one in row["countries"].split(BETWEEN) if one]
    if not values or len(values) > MOST_VALUES or named not in columns:
        return None
    return Query.of(chosen={named: values}) if columns[named].facet else None


def _of_splits(_: Statistic, row: Row, columns: Columns) -> Query | None:
    return Query.of(chosen={SPLIT: [row["first"], row["second"]]})


_FINDERS: dict[str, Callable[[Statistic, Row, Columns], Query | None]] = {
    "class-balance": _of_class,
    "co-occurrence": _of_pair,
    "objects-per-image": lambda _, row, columns: _having(columns, OBJECTS, row["objects"]),
    "box-sizes": lambda _, row, columns: _having(columns, SIZES, row["size"]),
    "box-positions": lambda _, row, columns: _having(
        columns, PLACES, f"row {row['row']}, column {row['column']}"
    ),
    "subgroup-coverage": _of_group,
    "concentration": _of_value,
    "quantiles": _of_quantiles,
    "answer-types": lambda _, row, columns: _having(columns, ANSWER_TYPE, row["type"]),
    "missing-fields": _of_field,
    "licence-conflicts": _of_licence,
    "two-sample-test": _of_splits,
    "world-population": _of_country,
    "income-groups": _of_income,
}
