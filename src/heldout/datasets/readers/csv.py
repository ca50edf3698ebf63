"""Reads comma-separated values with a header, in UTF-8 (a byte order mark is fine).

A column without a name, as tables of numbered rows have, is called by its place: `column_1`.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import polars as pl

from heldout.datasets.readers.reader import RawTable, Reader, line_places
from heldout.errors import Problems

_ROWS_AT_ONCE = 50_000
_LARGEST_CELL = 1 << 27
_SAVE_AS_UTF8 = "save the file as UTF-8"


def _read(path: Path, problems: Problems) -> RawTable | None:
    csv.field_size_limit(_LARGEST_CELL)
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        rows = csv.reader(_decoded(stream, path, problems), strict=True)
        header = _read_header(rows, path, problems)
        if header is None:
            return None
        lines: list[int] = []
        frame = _read_rows(rows, header, lines, path, problems)
    return RawTable(
        columns={name: frame[name] for name in header},
        place=line_places(path, lines),
        root=path.parent,
        untyped=frozenset(header),
    )


def _decoded(stream: TextIO, path: Path, problems: Problems) -> Iterator[str]:
    for number, line in enumerate(stream, start=1):
        if line.isascii() or not any("\udc80" <= letter <= "\udcff" for letter in line):
            yield line
        else:
            problems.add(f"{path.name} line {number}", "is not valid UTF-8", _SAVE_AS_UTF8)
            yield line.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _read_header(rows: Iterator[list[str]], path: Path, problems: Problems) -> list[str] | None:
    try:
        header = next(rows, None)
    except csv.Error as error:
        problems.add(f"{path.name} line 1", f"is not readable as CSV: {error}")
        return None
    if not header:
        problems.add(path.name, "is empty", "the first line must name the columns")
        return None
    header = [name or f"column_{number}" for number, name in enumerate(header, start=1)]
    repeated = [name for name, count in Counter(header).items() if count > 1]
    for name in repeated:
        problems.add(f"{path.name} line 1", f'names the column "{name}" more than once')
    return None if repeated else header


def _read_rows(
    rows: Iterator[list[str]], header: list[str], lines: list[int], path: Path, problems: Problems
) -> pl.DataFrame:
    schema = dict.fromkeys(header, pl.String)
    parts = [pl.DataFrame(schema=schema)]
    batch: list[list[str]] = []
    for line, row in _numbered(rows, path, problems):
        if len(row) != len(header):
            _report_width(row, header, f"{path.name} line {line}", problems)
            continue
        lines.append(line)
        batch.append(row)
        if len(batch) == _ROWS_AT_ONCE:
            parts.append(pl.DataFrame(batch, schema=schema, orient="row"))
            batch = []
    if batch:
        parts.append(pl.DataFrame(batch, schema=schema, orient="row"))
    return pl.concat(parts)


def _numbered(
    rows: Iterator[list[str]], path: Path, problems: Problems
) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the line it starts on; a quoted cell may span lines."""
    while True:
        line = rows.line_num + 1  # type: ignore[attr-defined]  # typeshed: Iterator hides csv's own.
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            problems.add(f"{path.name} line {line}", f"is not readable as CSV: {error}")
            return
        if row:
            yield line, row


def _report_width(row: list[str], header: list[str], place: str, problems: Problems) -> None:
    problems.add(
        place,
        f"has {len(row)} cells where the header names {len(header)} columns",
        'put cells with a comma or a line break into double quotes ("…")',
    )


READER = Reader(id="csv", title="CSV", suffixes=(".csv",), read=_read)
