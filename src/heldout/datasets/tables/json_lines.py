"""JSON Lines: one object per line, the same keys in each (a missing key is a missing value)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from heldout.datasets.tables.table import Format, Table
from heldout.errors import Problems

Row = dict[str, Any]
Dtype = pl.DataType | type[pl.DataType]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_KEY = re.compile(rb'"\s*:')
_SPACED = (b'" ', b'"\t', b'"\r')  # What a key is followed by where it is not its colon.
_decode_object = msgspec.json.Decoder(Row).decode


class _Refused(ValueError):
    """A line is valid JSON, and yet no row; the arguments are message and remedy."""


def _read(path: Path, problems: Problems) -> Table | None:
    data = path.read_bytes().removeprefix(_BYTE_ORDER_MARK)
    numbers: list[int] = []
    rows: list[Row] = []
    for number, row in _rows(data, problems):
        numbers.append(number)
        rows.append(row)
    if not rows:
        if not problems:
            problems.add(path.name, "the file has no rows", "write one JSON object per line")
        return None
    columns, mixed = _columns(rows)
    return Table(path.name, pl.DataFrame(columns), lambda row: f"line {numbers[row]}", mixed=mixed)


def _rows(data: bytes, problems: Problems) -> Iterator[tuple[int, Row]]:
    keys = _count_spaced if any(mark in data for mark in _SPACED) else _count
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line or line.isspace():
            continue
        try:
            row = _decode(line, keys)
        except (ValueError, RecursionError) as error:
            problems.add(f"line {number}", *_what(error))
        else:
            yield number, row


def _count(line: bytes) -> int:
    return line.count(b'":')


def _count_spaced(line: bytes) -> int:
    return len(_KEY.findall(line))


def _decode(line: bytes, keys: Callable[[bytes], int]) -> Row:
    """Decode a line; one that is damaged, or may have a key twice, gets a second look."""
    try:
        row = _decode_object(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _decode_with_care(line)
    return row if keys(line) <= len(row) else _decode_with_care(line)


def _decode_with_care(line: bytes) -> Row:
    """Decode as Python does, which knows NaN and says what is wrong where."""
    row = json.JSONDecoder(object_pairs_hook=_once).decode(line.decode().strip())
    if not isinstance(row, dict):
        raise _Refused("not a JSON object", 'write {"example_id": …, …}')
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _Refused("holds half of a surrogate pair, which is no text", "mend it") from None
    return row


def _once(pairs: list[tuple[str, Any]]) -> Row:
    row = dict(pairs)
    if len(row) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise _Refused(f'the key "{repeated}" is there {names.count(repeated)} times', "keep one")
    return row


def _what(error: Exception) -> tuple[str, str]:
    if isinstance(error, _Refused):
        message, remedy = error.args
        return message, remedy
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start + 1} is not UTF-8", "save the file as UTF-8"
    if isinstance(error, json.JSONDecodeError):
        return f"not valid JSON: {error.msg} (character {error.pos + 1})", "write one object a line"
    return ("nested too deeply" if isinstance(error, RecursionError) else str(error)), ""


def _columns(rows: Sequence[Row]) -> tuple[list[pl.Series], dict[str, list[object]]]:
    """Return the columns, and the cells of those that are of several types."""
    shapes = dict.fromkeys(map(tuple, rows))
    columns, mixed = [], {}
    for name in dict.fromkeys(name for shape in shapes for name in shape):
        cells = [row.get(name) for row in rows]
        column = _of_one_type(name, cells)
        if column is None:
            column = _of_several_types(name, cells)
            mixed[name] = cells
        columns.append(column)
    return columns, mixed


def _of_one_type(name: str, cells: list[Any]) -> pl.Series | None:
    dtype = _dtype(_types(cells))
    if dtype == pl.List:
        dtype = _dtype_of_lists(_types(item for cell in cells if cell for item in cell))
    try:
        return (
            None if dtype is None else pl.Series(name, cells, dtype=dtype, strict=dtype == pl.Int64)
        )
    except (TypeError, OverflowError, pl.exceptions.PolarsError):
        return None  # A whole number beyond 64 bits.


def _types(cells: Iterable[object]) -> set[type]:
    return set(map(type, cells))


def _dtype(types: set[type]) -> Dtype | None:
    types = types - {type(None)}
    if types == {int}:
        return pl.Int64
    if types <= {str}:
        return pl.String
    if types <= {int, float}:
        return pl.Float64
    if types == {bool}:
        return pl.Boolean
    return pl.List if types == {list} else None


def _dtype_of_lists(types: set[type]) -> Dtype | None:
    if types <= {str}:
        return pl.List(pl.String)
    return pl.List(pl.Float64) if types <= {int, float} else None


def _of_several_types(name: str, cells: list[Any]) -> pl.Series:
    lists = [cell if isinstance(cell, list) else None for cell in cells]
    if not any(isinstance(cell, list) for cell in cells):
        return pl.Series(name, [_text(cell) for cell in cells], dtype=pl.String)
    texts = [None if cell is None else [_text(item) for item in cell] for cell in lists]
    return pl.Series(name, texts, dtype=pl.List(pl.String))


def _text(cell: object) -> str | None:
    return cell if cell is None or isinstance(cell, str) else msgspec.json.encode(cell).decode()


FORMAT = Format(id="jsonl", title="JSON Lines", suffixes=(".jsonl", ".ndjson"), read=_read)
