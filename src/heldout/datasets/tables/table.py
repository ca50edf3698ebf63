"""What the formats of tables have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import polars as pl

from heldout.errors import Problems


@dataclass(frozen=True, eq=False, slots=True)
class Table:
    """A file's rows.

    Attributes:
        name: Of the file.
        frame: Its columns.
        place: Names a row, counted from 0, as a person would look for it: `line 812`, `row 811`.
        untyped: The cells are text because the format knows nothing else; an empty one is null.
        mixed: Columns whose cells are of several types, as the file has them. In the frame they are
            text, or lists and null where some cells are lists.
    """

    name: str
    frame: pl.DataFrame
    place: Callable[[int], str]
    untyped: bool = False
    mixed: Mapping[str, Sequence[object]] = field(default_factory=dict)


class Format(NamedTuple):
    """Reads one format.

    Attributes:
        id: The format's short name.
        title: Its name for people.
        suffixes: The endings of file names, lower case.
        read: Returns the table and adds what is wrong to the problems, placed by line, or by the
            name of the file. Where nothing can be read at all it returns None, having said why.
    """

    id: str
    title: str
    suffixes: tuple[str, ...]
    read: Callable[[Path, Problems], Table | None]


def check_names(names: Sequence[str], place: str, problems: Problems) -> bool:
    """Add a problem for each column that is there several times; return whether there is none."""
    repeated = {name: count for name, count in Counter(names).items() if count > 1}
    for name, count in repeated.items():
        message = f'the column "{name}" is there {count} times'
        problems.add(place, message, "keep one, or rename it")
    return not repeated
