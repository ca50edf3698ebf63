"""Tables of columns that the organiser chose."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from heldout.datasets.kinds import Kind, convert, infer_kind, native_kind
from heldout.evaluation.data import MISSING, CustomPredictions, CustomReferences, Places
from heldout.evaluation.reading.columns import require, texts
from heldout.evaluation.reading.expected import Expected
from heldout.evaluation.reading.faults import Faults, quoted
from heldout.evaluation.reading.rows import match_rows, read_ids
from heldout.evaluation.reading.table import Table, read_table

REFERENCE, PREDICTION = "reference", "prediction"
TOO_LONG = r"^[+-]?[0-9]{16,}$"  # As floats, neighbours of such whole numbers would be equal.
CELLS = {
    Kind.TEXT: "text",
    Kind.INTEGER: "a whole number",
    Kind.NUMBER: "a finite number",
    Kind.TRUTH: "true or false",
    Kind.DATE: "a date such as 2026-01-31",
    Kind.TIME: "a time such as 2026-01-31T12:00:00Z",
    Kind.TEXTS: "a list of text",
    Kind.NUMBERS: "a list of finite numbers",
}


def read_references(
    path: Path, *, classes: Sequence[str] | None, id_column: str
) -> CustomReferences:
    """Read `id` and whatever else there is; a custom task has no classes."""
    table = read_table(path)
    faults = Faults.of(table)
    require(table, faults, id_column)
    faults.refuse_if_any()
    ids = read_ids(table, faults, id_column)
    names = [name for name in table.frame.columns if name != id_column]
    if not names:
        faults.file(f"there is no column beside {id_column}", "add the columns to predict")
    columns = [_typed(table, faults, name) for name in names]
    faults.refuse_if_any()
    return CustomReferences(ids, pl.DataFrame(columns))


def read_predictions(path: Path, *, expected: Expected, id_column: str) -> CustomPredictions:
    """Read `id`, what the metrics need and whatever else there is.

    What is to be predicted is read as what the references hold, all else as what it looks like.
    """
    table = read_table(path)
    faults = Faults.of(table)
    sources = _sources(table, expected, id_column)
    require(table, faults, id_column, *(sources.get(name, name) for name in expected.needed))
    if id_column not in table.frame.columns:
        faults.refuse_if_any()
    rows = match_rows(table, faults, expected, column=id_column)
    columns = [
        _typed(table, faults, source, kind=_wanted(name, expected)).alias(name)
        for name, source in sources.items()
    ]
    faults.refuse_if_any()
    order = pl.Series(rows).replace(MISSING, None)
    return CustomPredictions(
        example_ids=expected.example_ids,
        missing=rows == MISSING,
        places=Places(rows, table.place),
        columns=pl.DataFrame([column.gather(order) for column in columns]),
        answers=expected.answers,
    )


def _sources(table: Table, expected: Expected, id_column: str) -> dict[str, str]:
    """Return the file's column for each name: `prediction` of `reference`, as in other tasks."""
    sources = {name: name for name in table.frame.columns if name != id_column}
    if REFERENCE in expected.answers and REFERENCE not in sources and PREDICTION in sources:
        sources[REFERENCE] = sources.pop(PREDICTION)
    return sources


def _wanted(name: str, expected: Expected) -> Kind | None:
    """Return what a column must hold; None where nobody asks for it."""
    if name not in {*expected.answers, *expected.needed}:
        return None
    known = expected.public if isinstance(expected.public, dict) else {}
    return expected.needed.get(name) or known.get(name)


def _typed(table: Table, faults: Faults, name: str, *, kind: Kind | None = None) -> pl.Series:
    """Return a column as what it holds; adds a fault for each cell that is something else."""
    cells = table.frame[name]
    kind = kind or _kind(cells, untyped=table.untyped)
    if kind is None or (name in table.mixed and cells.dtype.is_nested()):
        remedy = "give text, numbers, truth values, dates, or lists of text or of numbers"
        faults.file(f'the column "{name}" holds neither plain values nor lists of them', remedy)
        return cells
    typed, wrong = convert(texts(cells) if kind is Kind.TEXT else cells, kind)
    wanted = CELLS[kind]

    def describe(row: int) -> tuple[str, str]:
        message = f"{quoted(str(cells[row]))} in {name} is not {wanted}"
        return message, f"give {wanted}, or leave the cell empty"

    faults.at(wrong.arg_true().to_numpy(), describe)
    return typed


def _kind(cells: pl.Series, *, untyped: bool) -> Kind | None:
    kind = infer_kind(cells) if untyped else native_kind(cells.dtype)
    if kind not in (Kind.INTEGER, Kind.NUMBER):
        return kind
    return Kind.TEXT if cells.cast(pl.String).str.contains(TOO_LONG).any() else Kind.NUMBER
