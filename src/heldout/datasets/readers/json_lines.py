"""Reads JSON Lines: one object per line, the same keys in each (a missing key is a missing value)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from heldout.datasets.kinds import Kind
from heldout.datasets.readers.reader import RawTable, Reader, line_places
from heldout.errors import Problems

_LARGEST_INTEGER = 2**63 - 1
_WHAT = {
    Kind.TEXT: "text",
    Kind.INTEGER: "numbers",
    Kind.NUMBER: "numbers",
    Kind.TRUTH: "true/false",
    Kind.TEXTS: "lists of text",
    Kind.NUMBERS: "lists of numbers",
}


class _RepeatedKey(ValueError):
    """An object names a key twice, of which one value would be lost."""


def _read(path: Path, problems: Problems) -> RawTable | None:
    records: list[dict[str, Any]] = []
    lines: list[int] = []
    with path.open("rb") as stream:
        for number, record in _records(stream, path, problems):
            lines.append(number)
            records.append(record)
    if not records and not problems:
        problems.add(path.name, "is empty", "write one JSON object per line")
    if not records:
        return None
    place = line_places(path, lines)
    names = list(dict.fromkeys(name for record in records for name in record))
    columns = {
        name: _column(name, [record.get(name) for record in records], place, problems)
        for name in names
    }
    return RawTable(columns=columns, place=place, root=path.parent)


def _records(
    stream: Iterator[bytes] | Any, path: Path, problems: Problems
) -> Iterator[tuple[int, dict[str, Any]]]:
    decoder = json.JSONDecoder(object_pairs_hook=_unique_pairs)
    for number, raw in enumerate(stream, start=1):
        if not raw.strip():
            continue
        try:
            record = decoder.decode(raw.decode("utf-8-sig" if number == 1 else "utf-8").strip())
        except (ValueError, RecursionError) as error:
            problems.add(f"{path.name} line {number}", _reason(error))
            continue
        if isinstance(record, dict):
            yield number, record
        else:
            problems.add(
                f"{path.name} line {number}", "is not an object", 'write {"example_id": …, …}'
            )


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        repeated = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
        raise _RepeatedKey(f'names the key "{repeated[0]}" more than once')
    return record


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "is not valid UTF-8"
    if isinstance(error, json.JSONDecodeError):
        return f"is not valid JSON: {error.msg} (character {error.pos + 1})"
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    return str(error)


def _column(name: str, cells: list[Any], place: Any, problems: Problems) -> pl.Series:
    kinds = [_cell_kind(cell) for cell in cells]
    found = Counter(kind for kind in kinds if kind is not None)
    wanted = _settle(found)
    for row, kind in enumerate(kinds):
        if cells[row] is not None and not _fits(kind, wanted, cells[row]):
            cells[row] = None
            problems.add(f'{place(row)}, key "{name}"', *_misfit(kind, wanted))
    if wanted is Kind.NUMBER:
        cells = [None if cell is None else float(cell) for cell in cells]
    return pl.Series(name, cells, dtype=wanted.dtype, strict=False)


def _cell_kind(cell: object) -> Kind | None:
    """Return the kind of one JSON value; None for null and for what a cell cannot be."""
    if isinstance(cell, bool):
        return Kind.TRUTH
    if isinstance(cell, int):
        return Kind.INTEGER if abs(cell) <= _LARGEST_INTEGER else None
    if isinstance(cell, float):
        return Kind.NUMBER
    if isinstance(cell, str):
        return Kind.TEXT if _encodable(cell) else None
    return _list_kind(cell) if isinstance(cell, list) else None


def _list_kind(cell: list[object]) -> Kind | None:
    kinds = {_cell_kind(item) for item in cell}
    if kinds <= {Kind.TEXT}:
        return Kind.TEXTS
    return Kind.NUMBERS if kinds <= {Kind.INTEGER, Kind.NUMBER} else None


def _encodable(text: str) -> bool:
    """Whether text has no half of a surrogate pair, which JSON can escape and UTF-8 cannot hold."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def _settle(found: Counter[Kind]) -> Kind:
    """Return the kind most cells have; whole numbers widen to numbers, an empty list to any list."""
    if Kind.NUMBER in found:
        found[Kind.NUMBER] += found.pop(Kind.INTEGER, 0)
    if Kind.NUMBERS in found and found[Kind.NUMBERS] >= found[Kind.TEXTS]:
        return Kind.NUMBERS
    return found.most_common(1)[0][0] if found else Kind.TEXT


def _fits(kind: Kind | None, wanted: Kind, cell: object) -> bool:
    if wanted is Kind.NUMBERS and cell == []:
        return True
    return kind is wanted or (kind, wanted) == (Kind.INTEGER, Kind.NUMBER)


def _misfit(kind: Kind | None, wanted: Kind) -> tuple[str, str]:
    if kind is None:
        return (
            "is not a value a table can hold",
            "use text, a number, true/false or a list of these",
        )
    return f"is {_WHAT[kind]} where most rows have {_WHAT[wanted]}", "use one type in a column"


READER = Reader(id="jsonl", title="JSON Lines", suffixes=(".jsonl", ".ndjson"), read=_read)
