"""What a reader is: the one shape all of them share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from heldout.errors import Problems


@dataclass(frozen=True, slots=True)
class RawTable:
    """Columns as a format gives them, before names and types are settled.

    Attributes:
        columns: All of the same length. Text columns of a format that knows only text are listed in
            `untyped`.
        place: Where a row is, as a person would look for it: `photos.csv line 12`.
        untyped: Columns whose kind is to be inferred from their text.
        root: The folder that relative media paths start from.
        roles: Which column is the id, the medium and the reference, where the format itself says so.
    """

    columns: Mapping[str, pl.Series]
    place: Callable[[int], str]
    root: Path
    untyped: frozenset[str] = frozenset()
    roles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one format. Third parties add theirs by the entry-point group `heldout.readers`.

    Attributes:
        id: The format's short name.
        title: Its name for people.
        suffixes: The file name endings it reads, lower case; empty for a reader of folders.
        read: Returns the columns and adds what is wrong to the problems. Where nothing can be read
            at all it returns None, having said why.
    """

    id: str
    title: str
    suffixes: tuple[str, ...]
    read: Callable[[Path, Problems], RawTable | None]
