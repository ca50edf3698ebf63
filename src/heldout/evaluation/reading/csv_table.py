"""CSV files: comma-separated, UTF-8, one header line."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property
from io import BytesIO, StringIO
from itertools import islice
from pathlib import Path

import polars as pl

from heldout.errors import BadInput, Problems

BOM = b"\xef\xbb\xbf"


class Lines:
    """Finds the line of a row, which differs from its number where fields hold line breaks."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def name(self, row: int) -> str:
        """Name the line where a row, counted from 0, begins."""
        return f"line {self._starts[row + 1]}"

    @cached_property
    def _starts(self) -> list[int]:
        return [line for line, _ in _records(self._data)]


def read_csv(path: Path) -> tuple[pl.DataFrame, Callable[[int], str]]:
    """Read a file with every column as text; returns the table and what names its rows.

    Raises:
        BadInput: The file is not text, a line has another number of fields, or the header is wrong.
    """
    data = path.read_bytes().removeprefix(BOM)
    header = _header(path.name, data)
    try:
        frame = pl.read_csv(
            BytesIO(data), infer_schema=False, new_columns=header, raise_if_empty=False
        )
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise _diagnose(path.name, data, len(header)) from error
    return frame.filter(~pl.all_horizontal(pl.all().is_null())), Lines(data).name


def _header(name: str, data: bytes) -> list[str]:
    try:
        header = [column.strip() for column in next(csv.reader([_first_line(data)]), [])]
    except UnicodeDecodeError:
        raise _not_utf8(name, data) from None
    problems = Problems()
    for column, count in Counter(header).items():
        if count > 1:
            problems.add("line 1", f'the column "{column}" is there {count} times', "keep one")
    if len(header) == 1 and any(mark in header[0] for mark in ";\t"):
        problems.add("line 1", "the columns are not separated by commas", "separate them by commas")
    problems.refuse_if_any()
    return header


def _first_line(data: bytes) -> str:
    end = data.find(b"\n")
    return (data if end < 0 else data[:end]).decode().rstrip("\r")


def _diagnose(name: str, data: bytes, width: int) -> BadInput:
    try:
        data.decode()
    except UnicodeDecodeError:
        return _not_utf8(name, data)
    problems = Problems()
    try:
        for line, record in islice(_records(data), 1, None):
            if len(record) > width:
                message = f"{len(record)} fields where the header has {width}"
                problems.add(f"line {line}", message, "quote a field that holds a comma")
    except csv.Error as error:
        problems.add(name, f"not a readable CSV file: {error}")
    if not problems:
        problems.add(*_open_quote(name, data))
    return BadInput(problems.found, unlisted=problems.unlisted)


def _open_quote(name: str, data: bytes) -> tuple[str, str, str]:
    *_, (line, last) = _records(data)
    if any("\n" in value for value in last):
        return f"line {line}", "a quotation mark is not closed", "close it, or double it"
    return name, "not a readable CSV file", "check its quotation marks"


def _not_utf8(name: str, data: bytes) -> BadInput:
    problems = Problems()
    for number, line in enumerate(data.split(b"\n"), start=1):
        try:
            line.decode()
        except UnicodeDecodeError as error:
            message = f"byte {error.start + 1} is not UTF-8"
            problems.add(f"line {number}", message, "save the file as UTF-8")
    assert problems, name
    return BadInput(problems.found, unlisted=problems.unlisted)


def _records(data: bytes) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(StringIO(data.decode(), newline=""))
    line = 1
    for record in reader:
        if any(record):
            yield line, record
        line = reader.line_num + 1
