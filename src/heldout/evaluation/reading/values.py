"""Tables of one number per example."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from heldout.evaluation.data import (
    MISSING,
    Floats,
    NumberPredictions,
    NumberReferences,
    Places,
)
from heldout.evaluation.reading.columns import numbers, require
from heldout.evaluation.reading.expected import Expected
from heldout.evaluation.reading.faults import Faults, quoted
from heldout.evaluation.reading.rows import arrange, match_rows, read_ids
from heldout.evaluation.reading.table import Table, read_table

LARGEST = 1e150  # Its square is still a number.


def read_references(
    path: Path, *, classes: Sequence[str] | None, id_column: str
) -> NumberReferences:
    """Read `id, reference`; a number has no classes."""
    table = read_table(path)
    faults = Faults.of(table)
    require(table, faults, id_column, "reference")
    faults.refuse_if_any()
    ids = read_ids(table, faults, id_column)
    values = read_values(table, faults, "reference")
    faults.refuse_if_any()
    return NumberReferences(ids, table.frame.drop(id_column, "reference"), values)


def read_predictions(path: Path, *, expected: Expected, id_column: str) -> NumberPredictions:
    """Read `id, prediction`."""
    table = read_table(path)
    faults = Faults.of(table)
    require(table, faults, id_column, "prediction")
    faults.refuse_if_any()
    rows = match_rows(table, faults, expected, column=id_column)
    values = read_values(table, faults, "prediction")
    faults.refuse_if_any()
    return NumberPredictions(
        example_ids=expected.example_ids,
        missing=rows == MISSING,
        places=Places(rows, table.place),
        values=arrange(values, rows, absent=np.nan),
    )


def read_values(table: Table, faults: Faults, name: str) -> Floats:
    """Return finite numbers whose squares are finite; adds a fault for each row that has none."""
    series = table.frame[name]
    for wrong, kind in ((series.dtype.is_nested(), "lists"), (series.dtype.is_temporal(), "dates")):
        if wrong:
            faults.file(f'the column "{name}" holds {kind}', "give one number per example")
            return np.zeros(len(series))
    values = numbers(series)

    def describe(row: int) -> tuple[str, str]:
        given = series[row]
        if given is None:
            return f"no {name}", "give a number"
        if np.isfinite(values[row]):
            return f"{quoted(str(given))} is beyond ±{LARGEST:g}", "check its unit"
        return f"{quoted(str(given))} is not a finite number", "give a number"

    faults.at(np.flatnonzero(~(np.abs(values) <= LARGEST)), describe)
    return values
