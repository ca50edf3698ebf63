"""Predictions and references as arrays, in the order of the expected examples.

Labels are codes: positions in the declared classes, and `MISSING` where an example has no
prediction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heldout.datasets.kinds import Kind, native_kind

MISSING = -1

Codes = NDArray[np.int32]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
AnyArray = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Places:
    """Where in a person's file each example stands.

    Attributes:
        rows: Row of the table, from 0, for each example; `MISSING` where there is none.
        name: Names a row as the person would look for it: `line 812`.
    """

    rows: NDArray[np.int64]
    name: Callable[[int], str]

    def __getitem__(self, example: int) -> str:
        return self.name(int(self.rows[example]))


@dataclass(frozen=True, eq=False)
class Predictions:
    """What an entrant says about each example.

    Attributes:
        example_ids: Text, one per example, in the order of the references.
        missing: True where the file has no prediction.
        places: Where each prediction stands in the file.
    """

    example_ids: pl.Series
    missing: Flags
    places: Places


@dataclass(frozen=True, eq=False)
class References:
    """The true answers.

    Attributes:
        example_ids: Text, one per example, no id twice.
        columns: Everything else the file says about the examples, for subgroups and clusters.
    """

    example_ids: pl.Series
    columns: pl.DataFrame

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that codes refer to; none for numbers."""
        return ()

    @property
    def public(self) -> object:
        """What a reader of predictions must know beyond ids and classes; it holds no answer."""
        return None


@dataclass(frozen=True, eq=False)
class LabelPredictions(Predictions):
    """One label per example, and what the file says beyond that.

    Attributes:
        labels: (n,) codes; where the file has scores only, the first of the largest.
        ranked: (n, k) codes, best first, or None.
        scores: (n, classes), or None.
    """

    labels: Codes
    ranked: Codes | None = None
    scores: Floats | None = None


@dataclass(frozen=True, eq=False)
class LabelReferences(References):
    """One label per example as (n,) codes."""

    labels: Codes
    names: tuple[str, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """The declared classes, or the sorted references where none are declared."""
        return self.names


@dataclass(frozen=True, eq=False)
class SetPredictions(Predictions):
    """A set of labels per example.

    Attributes:
        sets: (n, classes), True for a member; None where the file has scores only.
        scores: (n, classes), or None.
    """

    sets: Flags | None = None
    scores: Floats | None = None


@dataclass(frozen=True, eq=False)
class SetReferences(References):
    """A set of labels per example as an (n, classes) table of flags."""

    sets: Flags
    names: tuple[str, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """The declared classes, or the sorted references where none are declared."""
        return self.names


@dataclass(frozen=True, eq=False)
class NumberPredictions(Predictions):
    """One number per example; NaN where it is missing."""

    values: Floats


@dataclass(frozen=True, eq=False)
class NumberReferences(References):
    """One number per example."""

    values: Floats


@dataclass(frozen=True, eq=False)
class CustomPredictions(Predictions):
    """Columns that the task does not know beforehand.

    Attributes:
        columns: One row per example; null where the example is missing or its cell is empty. A
            column that is to be predicted has the type that the references give it.
        answers: Which columns of the references are to be predicted: all but those that group.
    """

    columns: pl.DataFrame
    answers: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class CustomReferences(References):
    """Columns of the organiser's own, all of them in `columns`; an empty cell is null."""

    @property
    def public(self) -> dict[str, Kind]:
        """What the cells of each column are."""
        kinds = {name: native_kind(dtype) for name, dtype in self.columns.schema.items()}
        return {name: kind for name, kind in kinds.items() if kind is not None}
