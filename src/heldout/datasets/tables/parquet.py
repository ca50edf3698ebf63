"""Parquet files."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import polars.selectors as cs
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from heldout.datasets.tables.table import Format, Table, check_names
from heldout.errors import BadInput, Problem, Problems

# The most a file may unpack to: so much by itself, and so much more for each of its bytes.
SLACK = 20_000_000
VALUES_PER_BYTE = 20
TEXT_PER_BYTE = 200


def _read(path: Path, problems: Problems) -> Table | None:
    try:
        refuse_bomb(path)
        frame = _plain(pl.read_parquet(path, glob=False), problems)
    except pl.exceptions.DuplicateError:
        check_names(pq.read_schema(path).names, path.name, problems)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError):
        message = "not a readable Parquet file; it may be cut short"
        problems.add(path.name, message, "write it again")
    except BadInput as bomb:
        problems.absorb(bomb)
    else:
        return Table(path.name, frame, lambda row: f"row {row + 1}")
    return None


def _plain(frame: pl.DataFrame, problems: Problems) -> pl.DataFrame:
    """Return the table with words as text, however they were packed."""
    frame = frame.with_columns(cs.categorical().cast(pl.String))
    for column in frame.select(cs.binary()):
        try:
            frame = frame.with_columns(column.cast(pl.String))
        except pl.exceptions.PolarsError:
            message = f'the column "{column.name[:80]}" holds bytes that are no text'
            problems.add("schema", message, "write text, or leave the column out")
            frame = frame.drop(column.name)
    return frame


def refuse_bomb(path: Path) -> None:
    """Refuse a small file that would fill the memory; the ids of an honest table all differ.

    Raises:
        BadInput: It unpacks to more than a file of its size can mean.
        ValueError: It is no Parquet file.
    """
    about, size = pq.read_metadata(path), path.stat().st_size
    groups = [about.row_group(number) for number in range(about.num_row_groups)]
    most = SLACK + TEXT_PER_BYTE * size
    for number in range(about.num_columns):
        chunks = [group.column(number) for group in groups]
        values = sum(chunk.num_values for chunk in chunks)
        if values > SLACK + VALUES_PER_BYTE * size:
            raise _bomb(path, f"{values:,} values")
        texts = [chunk for chunk in chunks if chunk.physical_type == "BYTE_ARRAY"]
        could_be = sum(chunk.num_values * chunk.total_uncompressed_size for chunk in texts)
        if could_be > most and (text := _length(path, chunks[0].path_in_schema)) > most:
            raise _bomb(path, f"{text / 1e9:,.1f} GB of text")


def _bomb(path: Path, amount: str) -> BadInput:
    message = f"it unpacks to {amount}, too much for a file of its size"
    return BadInput([Problem(path.name, message, "write it without values that repeat so often")])


def _length(path: Path, column: str) -> int:
    """Return how many bytes the texts of a column are where each stands by itself."""
    with pq.ParquetFile(path, read_dictionary=[column]) as file:
        table = file.read(columns=[column])
    chunks = table.column(0).chunks if table.num_columns else []
    return sum(_expanded(_innermost(chunk)) for chunk in chunks)


def _innermost(array: pa.Array) -> pa.Array:
    while pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
        array = array.flatten()
    return array


def _expanded(array: pa.Array) -> int:
    if not pa.types.is_dictionary(array.type):
        return 0
    lengths = pc.binary_length(array.dictionary).take(array.indices.drop_null())
    return pc.sum(lengths.cast(pa.int64())).as_py() or 0


FORMAT = Format(id="parquet", title="Parquet", suffixes=(".parquet", ".pq"), read=_read)
