"""Parquet files."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from heldout.datasets.tables.table import Format, Table, check_names
from heldout.errors import Problems


def _read(path: Path, problems: Problems) -> Table | None:
    try:
        frame = pl.read_parquet(path, glob=False)
    except pl.exceptions.DuplicateError:
        import pyarrow.parquet as pq

        check_names(pq.read_schema(path).names, path.name, problems)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        message = "not a readable Parquet file; it may be cut short"
        problems.add(path.name, message, "write it again")
    else:
        return Table(path.name, frame, lambda row: f"row {row + 1}")
    return None


FORMAT = Format(id="parquet", title="Parquet", suffixes=(".parquet", ".pq"), read=_read)
