"""One typed table of examples: what every reader returns and every later step takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from heldout.datasets.kinds import Kind, native_kind
from heldout.datasets.tasks import Family, Task

ID = "example_id"
MEDIA = "image"
REFERENCE = "reference"
ROLES = (ID, MEDIA, REFERENCE)

REFERENCE_KINDS = {
    Family.LABEL: Kind.TEXT,
    Family.LABEL_SET: Kind.TEXTS,
    Family.NUMBER: Kind.NUMBER,
}


@dataclass(frozen=True, slots=True, eq=False)
class ExampleTable:
    """Examples of one data set or one split.

    Attributes:
        frame: One row per example: `example_id` (text, unique), `image` (a path relative to `root`,
            where the examples have media), `reference` (where they are labelled), then the metadata.
        task: What a reference looks like.
        classes: The declared classes in their order; where none were declared, those that occur,
            sorted. Empty for tasks without classes.
        root: The folder the paths in `image` are relative to.
    """

    frame: pl.DataFrame
    task: Task
    classes: tuple[str, ...] = ()
    root: Path | None = None

    def __len__(self) -> int:
        return self.frame.height

    @property
    def ids(self) -> list[str]:
        """The example ids in the order of the rows."""
        return self.frame[ID].to_list()

    @property
    def has_media(self) -> bool:
        """Whether the examples have images."""
        return MEDIA in self.frame.columns

    @property
    def has_reference(self) -> bool:
        """Whether the examples are labelled."""
        return REFERENCE in self.frame.columns

    @property
    def metadata(self) -> tuple[str, ...]:
        """The columns beside id, medium and reference."""
        return tuple(name for name in self.frame.columns if name not in ROLES)

    @property
    def kinds(self) -> dict[str, Kind]:
        """The kind of every metadata column."""
        return {name: _kind(self.frame[name]) for name in self.metadata}

    def media_paths(self) -> list[Path]:
        """Where the images are, in the order of the rows."""
        root = self.root or Path()
        return [root / name for name in self.frame[MEDIA]]

    def with_frame(self, frame: pl.DataFrame) -> ExampleTable:
        """Return a table of the same data set with other rows or columns."""
        return replace(self, frame=frame)

    def take(self, rows: Iterable[int]) -> ExampleTable:
        """Return the rows at these positions, in this order."""
        return self.with_frame(self.frame[list(rows)])


def _kind(cells: pl.Series) -> Kind:
    kind = native_kind(cells.dtype)
    if kind is None:
        raise TypeError(f"a table of examples cannot hold {cells.dtype} ({cells.name})")
    return kind
