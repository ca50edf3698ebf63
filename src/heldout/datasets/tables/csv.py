"""Comma-separated values with a header, in UTF-8 (a byte order mark is fine).

A column without a name, as tables of numbered rows have, is called by its place: `column_1`. Lines
without any value are passed over.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from functools import cache
from io import BytesIO, TextIOWrapper
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl

from heldout.datasets.tables.table import Format, Table, check_names
from heldout.errors import Problems

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_ROWS_AT_ONCE = 50_000
_LARGEST_CELL = 1 << 27
_BESIDE_QUOTES = np.isin(np.arange(256), list(b',\r\n"'))
_QUOTE = 'put a field with a comma or a line break into double quotes ("…")'

Record = tuple[int, list[str]]


def _read(path: Path, problems: Problems) -> Table | None:
    data = path.read_bytes().removeprefix(_BYTE_ORDER_MARK)
    return _read_sound(path.name, data) or _read_with_care(path.name, data, problems)


def _read_sound(name: str, data: bytes) -> Table | None:
    """Return the table, or None if a closer look is needed."""
    if (b"\r" in data and data.count(b"\r") != data.count(b"\r\n")) or not _quotes_are_plain(data):
        return None
    data, problems = data.rstrip(b"\r\n") + b"\n", Problems()
    line, header = next(_records(data, problems), (1, []))
    names = _names(header, name, problems)
    if not names or problems or line > 1:
        return None
    try:
        frame = pl.read_csv(data, infer_schema=False, new_columns=names)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None
    if b'"' in data and b'""' in data:
        frame = frame.with_columns(pl.all().replace("", None))
    if _is_patched(frame, data, header):
        return None
    return Table(name, frame, _places(data, len(frame)), untyped=True)


def _quotes_are_plain(data: bytes) -> bool:
    """Tell whether quotation marks stand at both ends of fields, and doubled within quoted ones."""
    if b'"' not in data:
        return True
    letters = np.frombuffer(b"\n" + data + b"\n", dtype=np.uint8)
    marks = np.flatnonzero(letters == ord('"'))
    if len(marks) % 2:
        return False
    beside = np.concatenate([letters[marks[::2] - 1], letters[marks[1::2] + 1]])
    return bool(_BESIDE_QUOTES[beside].all())


def _is_patched(frame: pl.DataFrame, data: bytes, header: list[str]) -> bool:
    """Tell whether rows are blank, short or too long, which polars lets pass as nulls."""
    if len(header) > 1 and not frame[:, -1].null_count():
        return False
    if (
        frame[:, 0].null_count()
        and frame.select(pl.all_horizontal(pl.all().is_null()).any()).item()
    ):
        return True
    within = sum(name.count(",") for name in header)
    if b'"' in data:
        counts = frame.select(pl.all().str.count_matches(",", literal=True).sum())
        within += sum(counts.row(0))
    return _count(data, ",") - within != (len(header) - 1) * (len(frame) + 1)


def _places(data: bytes, rows: int) -> Callable[[int], str]:
    """Name lines. Without blank lines and line breaks in fields nothing need be kept for that."""
    if _count(data, "\n") == rows + 1:
        return lambda row: f"line {row + 2}"

    @cache
    def starts() -> list[int]:
        return [line for line, _ in _records(data, Problems())]

    return lambda row: f"line {starts()[row + 1]}"


def _count(data: bytes, letter: str) -> int:
    return int(np.count_nonzero(np.frombuffer(data, dtype=np.uint8) == ord(letter)))


def _read_with_care(name: str, data: bytes, problems: Problems) -> Table | None:
    records = _records(data, problems)
    _, header = next(records, (1, []))
    names = _names(header, name, problems)
    if not names:
        return None
    lines: list[int] = []
    schema = dict.fromkeys(names, pl.String)
    parts = [pl.DataFrame(schema=schema)]
    fitting = _fitting(records, len(names), problems)
    while batch := list(islice(fitting, _ROWS_AT_ONCE)):
        lines += [line for line, _ in batch]
        parts.append(pl.DataFrame([row for _, row in batch], schema=schema, orient="row"))
    frame = pl.concat(parts).with_columns(pl.all().replace("", None))
    return Table(name, frame, lambda row: f"line {lines[row]}", untyped=True)


def _names(header: list[str], file: str, problems: Problems) -> list[str]:
    """Return the names of the columns; none after a fault that leaves none to go by."""
    names = [name.strip() or f"column_{number}" for number, name in enumerate(header, start=1)]
    if not names and not problems:
        problems.add(file, "the file is empty", "the first line must name the columns")
    if len(names) == 1 and any(mark in names[0] for mark in ";\t"):
        problems.add("line 1", "the columns are not separated by commas", "separate them by commas")
        return []
    return names if check_names(names, "line 1", problems) else []


def _fitting(records: Iterator[Record], width: int, problems: Problems) -> Iterator[Record]:
    for line, record in records:
        if len(record) == width:
            yield line, record
        else:
            fields = f"{len(record)} field{'' if len(record) == 1 else 's'}"
            problems.add(f"line {line}", f"{fields} where the header has {width}", _QUOTE)


def _records(data: bytes, problems: Problems) -> Iterator[Record]:
    """Yield what is not blank with the line it starts on; a quoted field may span lines."""
    csv.field_size_limit(_LARGEST_CELL)
    reader = csv.reader(_lines(data, problems), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problems.add(f"line {line}", *_what(error))
            continue
        if any(record):
            yield line, record


def _lines(data: bytes, problems: Problems) -> Iterator[str]:
    stream = TextIOWrapper(BytesIO(data), encoding="utf-8", errors="surrogateescape", newline="")
    for number, line in enumerate(stream, start=1):
        try:
            line.encode()
        except UnicodeEncodeError as error:
            byte = len(line[: error.start].encode()) + 1
            problems.add(f"line {number}", f"byte {byte} is not UTF-8", "save the file as UTF-8")
            yield line.encode(errors="surrogateescape").decode(errors="replace")
        else:
            yield line


def _what(error: csv.Error) -> tuple[str, str]:
    if "unexpected end" in str(error):
        return "a quotation mark is not closed", "close it, or double it"
    if "expected after" in str(error):
        return "a quoted field goes on after its closing quotation mark", "double marks within it"
    return f"not readable as CSV: {error}", ""


FORMAT = Format(id="csv", title="CSV", suffixes=(".csv",), read=_read)
