"""Writes a table of examples as CSV, JSON Lines or Parquet; the readers give the same table back."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from heldout.datasets.atomic import replacing
from heldout.datasets.kinds import LIST_SEPARATOR
from heldout.errors import BadInput, Problem, Problems


def write_table(frame: pl.DataFrame, path: Path, *, mode: int = 0o644) -> None:
    """Write a frame in the format its file name says, whole or not at all.

    Lists are native in JSON Lines and Parquet and joined by `|` in CSV. An empty cell is a missing
    value in all three.

    Raises:
        BadInput: The ending is none of these, or a list cannot be joined for CSV.
    """
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        known = ", ".join(_WRITERS)
        raise BadInput([Problem(path.name, "is no table format", f"end the name in {known}")])
    with replacing(path, mode=mode) as temporary:
        write(frame, temporary)


def _write_csv(frame: pl.DataFrame, path: Path) -> None:
    problems = Problems()
    columns = [_csv_cells(frame[name], problems) for name in frame.columns]
    problems.refuse_if_any()
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\r\n")
        writer.writerow(frame.columns)
        writer.writerows(zip(*columns, strict=True))


def _csv_cells(cells: pl.Series, problems: Problems) -> list[Any]:
    if isinstance(cells.dtype, pl.List):
        return [_joined(items, cells.name, row, problems) for row, items in enumerate(cells)]
    if isinstance(cells.dtype, pl.Boolean):
        return [None if cell is None else str(cell).lower() for cell in cells]
    if isinstance(cells.dtype, pl.Datetime):
        return [None if cell is None else cell.isoformat() for cell in cells]
    return cells.to_list()


def _joined(items: pl.Series | None, name: str, row: int, problems: Problems) -> str | None:
    if items is None:
        return None
    texts = [str(item) for item in items]
    if any(LIST_SEPARATOR in text or not text for text in texts):
        place = f'row {row + 1}, column "{name}"'
        message = f'has a list item that is empty or holds "{LIST_SEPARATOR}"'
        problems.add(place, message, "write JSON Lines or Parquet")
    return LIST_SEPARATOR.join(texts)


def _write_json_lines(frame: pl.DataFrame, path: Path) -> None:
    encoder = msgspec.json.Encoder(enc_hook=_plain)
    with path.open("wb") as stream:
        for record in frame.iter_rows(named=True):
            stream.write(encoder.encode(record) + b"\n")


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _write_parquet(frame: pl.DataFrame, path: Path) -> None:
    frame.write_parquet(path, compression="zstd", statistics=True)


_WRITERS: dict[str, Callable[[pl.DataFrame, Path], None]] = {
    ".csv": _write_csv,
    ".jsonl": _write_json_lines,
    ".parquet": _write_parquet,
}
