"""Columns of JSON whose cells are of several types: most decide, the others are problems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import polars as pl

from heldout.datasets.kinds import Kind
from heldout.datasets.tables import Table
from heldout.errors import Problems

_LARGEST_INTEGER = 2**63 - 1
_WHAT = {
    Kind.TEXT: "text",
    Kind.INTEGER: "numbers",
    Kind.NUMBER: "numbers",
    Kind.TRUTH: "true/false",
    Kind.TEXTS: "lists of text",
    Kind.NUMBERS: "lists of numbers",
}


def settle(table: Table, name: str, problems: Problems) -> pl.Series:
    """Return the column as what most rows have, null in the others."""
    cells = table.mixed[name]
    kinds = [_cell_kind(cell) for cell in cells]
    wanted = _most_common(Counter(kind for kind in kinds if kind is not None))
    fitting: list[object] = []
    for row, (cell, kind) in enumerate(zip(cells, kinds, strict=True)):
        fits = cell is None or _fits(kind, wanted, cell)
        fitting.append(cell if fits else None)
        if not fits:
            place = f'{table.name} {table.place(row)}, key "{name}"'
            problems.add(place, *_misfit(kind, wanted))
    return pl.Series(name, fitting, dtype=wanted.dtype, strict=False)


def _cell_kind(cell: object) -> Kind | None:
    """Return the kind of one JSON value; None for null and for what a cell cannot be."""
    if isinstance(cell, bool):
        return Kind.TRUTH
    if isinstance(cell, int):
        return Kind.INTEGER if abs(cell) <= _LARGEST_INTEGER else None
    if isinstance(cell, float):
        return Kind.NUMBER
    if isinstance(cell, str):
        return Kind.TEXT
    return _list_kind(cell) if isinstance(cell, list) else None


def _list_kind(cell: Sequence[object]) -> Kind | None:
    kinds = {_cell_kind(item) for item in cell}
    if kinds <= {Kind.TEXT}:
        return Kind.TEXTS
    return Kind.NUMBERS if kinds <= {Kind.INTEGER, Kind.NUMBER} else None


def _most_common(found: Counter[Kind]) -> Kind:
    """Return the kind most cells have; whole numbers widen to numbers, an empty list to any list."""
    if Kind.NUMBER in found:
        found[Kind.NUMBER] += found.pop(Kind.INTEGER, 0)
    if Kind.NUMBERS in found and found[Kind.NUMBERS] >= found[Kind.TEXTS]:
        return Kind.NUMBERS
    return found.most_common(1)[0][0] if found else Kind.TEXT


def _fits(kind: Kind | None, wanted: Kind, cell: object) -> bool:
    if wanted is Kind.NUMBERS and cell == []:
        return True
    return kind is wanted or (kind, wanted) == (Kind.INTEGER, Kind.NUMBER)


def _misfit(kind: Kind | None, wanted: Kind) -> tuple[str, str]:
    if kind is None:
        return (
            "is not a value a table can hold",
            "use text, a number, true/false or a list of these",
        )
    return f"is {_WHAT[kind]} where most rows have {_WHAT[wanted]}", "use one type in a column"
