"""Lists of JSON objects as tables, so that ids are matched and faults told as for any table."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec
import polars as pl

from heldout.decoding import decode
from heldout.errors import BadInput, Problem, Problems
from heldout.evaluation.reading.faults import Faults
from heldout.evaluation.reading.table import Table
from heldout.evaluation.vision.json_entries import Entries, decode_piece, plain_message, read_bytes

Row = TypeVar("Row", bound=msgspec.Struct)
File = TypeVar("File", bound=msgspec.Struct)

Id = int | str

WORDS = {
    "`int | str`": "a whole number or text",
    "`int | str | null`": "a whole number or text",
    "`str | null`": "text",
}


def read_list(path: Path, kind: type[Row], problems: Problems) -> Entries[Row]:
    """Read a file that is one list of objects; those that do not fit are added to the problems.

    Raises:
        BadInput: It is not such a list, or an empty one.
    """
    return decode_list(read_bytes(path), kind, problems, path.name)


def decode_list(data: bytes, kind: type[Row], problems: Problems, name: str) -> Entries[Row]:
    """Do the same for the bytes of a list."""
    undecoded = Problems()
    entries = decode_piece(data, kind, 1, undecoded, name)
    for problem in undecoded:
        problems.add(problem.place, plain(problem.message), plain(problem.remedy))
    problems.unlisted += undecoded.unlisted
    if not entries.length:
        raise BadInput([Problem(name, "the list is empty", "write an entry per example")])
    return entries


def plain(message: str) -> str:
    """Say in words for people what was expected."""
    for word, told in WORDS.items():
        message = message.replace(word, told)
    return message


def read_object(path: Path, kind: type[File], remedy: str) -> File:
    """Read a file that is one object.

    Raises:
        BadInput: It is not readable, or another object.
    """
    try:
        return decode(read_bytes(path), kind)
    except msgspec.ValidationError as error:
        problem = Problem(path.name, plain(plain_message(error)), remedy)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        problem = Problem(path.name, f"not readable as JSON: {error}", "was it cut short?")
    raise BadInput([problem])


def as_table(entries: Entries[Row], name: str, *, ids: str) -> Table:
    """Return a table of nothing but the ids, as text, which names rows `entry 12`."""
    values = [getattr(row, ids) for row in entries.rows]
    texts = [None if value is None else str(value) for value in values]
    frame = pl.DataFrame({ids: pl.Series(texts, dtype=pl.String)})
    return Table(name, frame, entries.place)


def refuse(faults: Faults, problems: Problems) -> None:
    """Refuse the file with what could not be decoded and what is wrong with the rest."""
    try:
        faults.refuse_if_any()
    except BadInput as error:
        problems.absorb(error)
    problems.refuse_if_any()
