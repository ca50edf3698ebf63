"""Numbers of each example from a file of their own: embeddings, or probabilities of classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heldout.datasets.table import ID
from heldout.datasets.tables import FORMATS, Table, format_of
from heldout.errors import BadInput, Problem, Problems

_SHOWN = 5


@dataclass(frozen=True, eq=False, slots=True)
class Vectors:
    """One vector for each example.

    Attributes:
        name: Of the file.
        ids: Of the examples, unique.
        columns: What the numbers are called, without the prefix; empty for a list.
        values: Of shape (examples, numbers), finite.
    """

    name: str
    ids: tuple[str, ...]
    columns: tuple[str, ...]
    values: NDArray[np.float64]

    def of(self, ids: Sequence[str]) -> NDArray[np.float64]:
        """Return the vectors of these examples, in their order.

        Raises:
            BadInput: Some of them have none.
        """
        places = {name: place for place, name in enumerate(self.ids)}
        lacking = [name for name in ids if name not in places]
        if lacking:
            shown = ", ".join(lacking[:_SHOWN])
            message = f"has no row for {len(lacking):,} of {len(ids):,} examples ({shown})"
            raise BadInput([Problem(self.name, message)])
        return self.values[[places[name] for name in ids]]


def of_frame(frame: pl.DataFrame, *, prefix: str) -> Vectors:
    """Return the vectors of a table made by a program."""
    columns = [name for name in frame.columns if name.startswith(prefix)]
    names = tuple(name.removeprefix(prefix) for name in columns)
    return Vectors("probabilities", tuple(frame[ID]), names, frame.select(columns).to_numpy())


def read_vectors(path: Path, *, prefix: str, listed: str) -> Vectors:
    """Read a table with the column `example_id` and the numbers of each example.

    Args:
        path: CSV, JSON Lines or Parquet.
        prefix: How the columns of the numbers begin, such as `score_`.
        listed: The column that holds them as one list instead.

    Raises:
        BadInput: Every problem of the file.
    """
    form, problems = format_of(path.suffix), Problems()
    if form is None:
        known = ", ".join(one.suffixes[0] for one in FORMATS)
        raise BadInput([Problem(path.name, "is no table format", f"end the name in {known}")])
    table = form.read(path, problems)
    problems.refuse_if_any()
    assert table is not None
    ids = _ids(table, problems)
    columns = [name for name in table.frame.columns if name.startswith(prefix)]
    if listed in table.frame.columns:
        values, columns = _from_lists(table, listed, problems), []
    elif columns:
        values = np.stack([_numbers(table, name, problems) for name in columns], axis=1)
    else:
        remedy = f'name columns "{prefix}…", or one column of lists "{listed}"'
        problems.add(table.name, "holds no numbers of examples", remedy)
    problems.refuse_if_any()
    return Vectors(table.name, ids, tuple(name.removeprefix(prefix) for name in columns), values)


def _ids(table: Table, problems: Problems) -> tuple[str, ...]:
    if ID not in table.frame.columns:
        problems.add(table.name, f'there is no column "{ID}"')
        return ()
    ids = table.frame[ID].cast(pl.String)
    for row in ids.is_null().arg_true():
        problems.add(f"{table.name} {table.place(row)}", f"no {ID}")
    for row in (ids.is_not_null() & ~ids.is_first_distinct()).arg_true():
        problems.add(
            f"{table.name} {table.place(row)}", f'the example "{ids[row]}" was there before'
        )
    return tuple(ids.fill_null(""))


def _numbers(table: Table, name: str, problems: Problems) -> NDArray[np.float64]:
    cells = table.frame[name]
    values = cells.cast(pl.Float64, strict=False).to_numpy()
    for row in np.flatnonzero(~np.isfinite(values)).tolist():
        problems.add(
            f"{table.name} {table.place(row)}",
            f"{name} is {cells[row]!r}, which is no finite number",
        )
    return values


def _from_lists(table: Table, name: str, problems: Problems) -> NDArray[np.float64]:
    cells = table.frame[name]
    empty = np.empty((len(cells), 0))
    if not isinstance(cells.dtype, pl.List | pl.Array):
        problems.add(table.name, f'the column "{name}" does not hold lists')
        return empty
    listed = cells.cast(pl.List(pl.Float64), strict=False)
    lengths = listed.list.len().fill_null(0)
    size = max(Counter(lengths.to_list()).most_common(1), default=(0, 0))[0]
    for row in (lengths != size).arg_true():
        problems.add(
            f"{table.name} {table.place(row)}", f"{lengths[row]} numbers, not {size} as usual"
        )
    if problems or not size:
        return empty
    values = listed.explode().to_numpy().reshape(-1, size)
    for row in np.flatnonzero(~np.isfinite(values).all(axis=1)).tolist():
        problems.add(f"{table.name} {table.place(row)}", "holds something that is no finite number")
    return np.asarray(values)
