"""JSON Lines files: one object a line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from heldout.errors import Problems

Row = dict[str, Any]


def read_json_lines(path: Path) -> tuple[pl.DataFrame, Callable[[int], str]]:
    """Read a file; returns the table and what names its rows.

    Raises:
        BadInput: A line is not one JSON object, or has a key twice.
    """
    data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    lines = data.split(b"\n")
    numbers = [number for number, line in enumerate(lines, start=1) if line.strip()]
    rows = _decode([lines[number - 1] for number in numbers], numbers)
    names = list(dict.fromkeys(name for row in _distinct_shapes(rows) for name in row))
    frame = pl.DataFrame([_column(name, rows) for name in names])
    return frame, lambda row: f"line {numbers[row]}"


def _decode(lines: Sequence[bytes], numbers: Sequence[int]) -> list[Row]:
    decode = msgspec.json.Decoder(Row).decode
    problems = Problems()
    rows = []
    for line, number in zip(lines, numbers, strict=True):
        try:
            row = decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            problems.add(f"line {number}", f"not a JSON object: {error}")
            continue
        if line.count(b'":') + line.count(b'" :') > len(row):
            for key in _repeated_keys(line):
                problems.add(f"line {number}", f'the key "{key}" is there twice', "keep one")
        rows.append(row)
    problems.refuse_if_any()
    return rows


def _repeated_keys(line: bytes) -> list[str]:
    """Return keys that stand twice; a slow second look at the few lines that may have some."""
    import json

    repeated: list[str] = []

    def collect(pairs: list[tuple[str, object]]) -> dict[str, object]:
        names = [name for name, _ in pairs]
        repeated.extend(sorted({name for name in names if names.count(name) > 1}))
        return dict(pairs)

    json.JSONDecoder(object_pairs_hook=collect).decode(line.decode())
    return repeated


def _distinct_shapes(rows: Sequence[Row]) -> Sequence[tuple[str, ...]]:
    return list(dict.fromkeys(map(tuple, rows)))


def _column(name: str, rows: Sequence[Row]) -> pl.Series:
    values = [row.get(name) for row in rows]
    kinds = set(map(type, values)) - {type(None)}
    if list in kinds:
        return _column_of_lists(name, values)
    if kinds <= {int, float} or kinds in ({str}, {bool}):
        try:
            return pl.Series(name, values, strict=kinds != {int, float})
        except (TypeError, OverflowError, pl.exceptions.PolarsError):
            pass
    return pl.Series(name, [_text(value) for value in values], dtype=pl.String)


def _column_of_lists(name: str, values: Sequence[object]) -> pl.Series:
    """Return lists, and null for anything else."""
    lists = [value if isinstance(value, list) else None for value in values]
    kinds = {type(member) for members in lists if members for member in members}
    if kinds <= {int, float}:
        return pl.Series(name, lists, dtype=pl.List(pl.Float64), strict=False)
    texts = [None if members is None else [_text(one) for one in members] for members in lists]
    return pl.Series(name, texts, dtype=pl.List(pl.String))


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
