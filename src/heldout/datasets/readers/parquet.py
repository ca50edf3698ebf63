"""Reads Parquet files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl

from heldout.datasets.kinds import native_kind
from heldout.datasets.readers.reader import RawTable, Reader
from heldout.errors import Problems


def _read(path: Path, problems: Problems) -> RawTable | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError) as error:
        problems.add(path.name, f"is not readable as Parquet: {_first_line(error)}")
        return None
    repeated = [name for name, count in Counter(table.column_names).items() if count > 1]
    for name in repeated:
        problems.add(path.name, f'has the column "{name}" more than once')
    if repeated:
        return None
    columns = {name: _column(table, name, path, problems) for name in table.column_names}
    return RawTable(
        columns={name: cells for name, cells in columns.items() if cells is not None},
        place=lambda row: f"{path.name} row {row + 1}",
        root=path.parent,
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _column(table: Any, name: str, path: Path, problems: Problems) -> pl.Series | None:
    import pyarrow as pa

    try:
        cells = pl.Series(name, pl.from_arrow(table.column(name)))
        kind = native_kind(cells.dtype)
    except (pa.ArrowException, pl.exceptions.PolarsError, ValueError, TypeError):
        kind = None
    if kind is None:
        problems.add(
            f'{path.name}, column "{name}"',
            f"has the type {table.schema.field(name).type}, which a table of examples cannot hold",
            "use text, numbers, booleans, dates, times or lists of text or numbers",
        )
        return None
    return cells


READER = Reader(id="parquet", title="Parquet", suffixes=(".parquet", ".pq"), read=_read)
