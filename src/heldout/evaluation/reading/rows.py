"""Which row of a table belongs to which expected example."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heldout.evaluation.data import MISSING, AnyArray
from heldout.evaluation.reading.columns import codes_of, texts
from heldout.evaluation.reading.expected import Expected, Missing
from heldout.evaluation.reading.faults import Faults, quoted
from heldout.evaluation.reading.table import Table

STRANGER = "is not the id of an example"
LEAVE_OUT = "leave the row out, or correct the id"
NAMED = 10  # Missing examples named in one message.


def read_ids(table: Table, faults: Faults, column: str) -> pl.Series:
    """Return the ids as text; adds faults for rows without one and for ids that stand twice."""
    ids = _texts_of_ids(table, faults, column)
    faults.at(np.flatnonzero(ids.is_null()), lambda _: (f"no {column}", "give every row its id"))
    if ids.n_unique() < len(ids):
        _refuse_repeated(table, faults, ids)
    return ids


def match_rows(
    table: Table, faults: Faults, expected: Expected, *, column: str
) -> NDArray[np.int64]:
    """Return the row of each expected example, `MISSING` where there is none."""
    ids = _texts_of_ids(table, faults, column)
    size = len(expected.example_ids)
    if len(ids) == size and (ids == expected.example_ids).all():
        return np.arange(size)
    positions = codes_of(ids, expected.example_ids)
    rows = np.full(size, MISSING, dtype=np.int64)
    known = np.flatnonzero(positions != MISSING)
    rows[positions[known]] = known
    if not len(ids) == len(known) == np.count_nonzero(rows != MISSING):
        read_ids(table, faults, column)
        unknown = (positions == MISSING) & ids.is_not_null().to_numpy()
        faults.at(
            np.flatnonzero(unknown), lambda row: (f"{quoted(ids[row])} {STRANGER}", LEAVE_OUT)
        )
    if expected.missing is Missing.REFUSE:
        _refuse_missing(faults, expected.example_ids.filter(pl.Series(rows == MISSING)))
    return rows


def arrange(values: AnyArray, rows: NDArray[np.int64], *, absent: object) -> AnyArray:
    """Put values of the file's rows into the order of the examples."""
    missing = rows == MISSING
    arranged = values[np.where(missing, 0, rows)]
    if missing.any():
        arranged[missing] = absent
    return arranged


def _texts_of_ids(table: Table, faults: Faults, column: str) -> pl.Series:
    if table.frame[column].dtype.is_nested():
        faults.file(f'the column "{column}" holds lists', "give one id per row")
        faults.refuse_if_any()
    return texts(table.frame[column])


def _refuse_repeated(table: Table, faults: Faults, ids: pl.Series) -> None:
    first: dict[str, int] = {}
    for row, example in enumerate(ids):
        first.setdefault(example, row)

    def describe(row: int) -> tuple[str, str]:
        place = table.place(first[ids[row]])
        return f"{quoted(ids[row])} stands already in {place}", "keep one"

    again = ids.is_first_distinct().not_() & ids.is_not_null()
    faults.at(np.flatnonzero(again), describe)


def _refuse_missing(faults: Faults, missing: pl.Series) -> None:
    if len(missing):
        named = ", ".join(map(quoted, missing[:NAMED]))
        more = f" and {len(missing) - NAMED:,} more" if len(missing) > NAMED else ""
        examples = "1 example" if len(missing) == 1 else f"{len(missing):,} examples"
        faults.file(f"no prediction for {examples}: {named}{more}", "predict every example")
