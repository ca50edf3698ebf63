"""What a metric keeps of each example, and the numbers that follow from it under any weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, NamedTuple, Protocol

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from heldout.evaluation.data import AnyArray, Floats

CELLS = 1 << 22  # More possible atoms than this are not worth counting.
FLAGS = 4  # Up to so many codes of a single column are compared one after the other.


@dataclass(frozen=True, eq=False)
class Ragged:
    """Several rows per example, such as its detections.

    Attributes:
        values: (rows,), the rows of the first example first.
        offsets: (n + 1,); the rows of example i are `values[offsets[i]:offsets[i + 1]]`.
    """

    values: AnyArray
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def take(self, examples: NDArray[np.intp]) -> Ragged:
        """Return the rows of these examples, in this order."""
        lengths = np.diff(self.offsets)[examples]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        shift = np.repeat(self.offsets[examples] - offsets[:-1], lengths)
        return Ragged(self.values[np.arange(offsets[-1]) + shift], offsets)


class Reducer(Protocol):
    """The half of a metric that turns statistics into numbers."""

    @property
    def key(self) -> str:
        """The id with its parameters."""

    @property
    def names(self) -> tuple[str, ...]:
        """The numbers it gives."""

    def reduce(self, stats: ExampleStats, weights: Floats) -> Floats:
        """Weights (r, n) to numbers (r, names)."""


class Atoms(NamedTuple):
    """Examples with equal statistics, taken together.

    Attributes:
        stats: One example of each kind.
        sizes: How many examples are of each kind.
    """

    stats: ExampleStats
    sizes: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class ExampleStats:
    """One metric's statistics, one row per example.

    Those of a held-out split give the answers away: keep and guard them like answers.

    Attributes:
        metric: Reduces the statistics to numbers.
        example_ids: Text.
        arrays: By name; first axis the examples.
        classes: What codes in the arrays refer to; may be empty.
    """

    metric: Reducer
    example_ids: pl.Series
    arrays: Mapping[str, AnyArray | Ragged]
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        wrong = [name for name, array in self.arrays.items() if len(array) != len(self)]
        if wrong:
            raise ValueError(f"not {len(self)} examples in {', '.join(wrong)}")

    def __len__(self) -> int:
        return len(self.example_ids)

    def array(self, name: str) -> AnyArray:
        """Return the array with this name, which is not ragged."""
        found = self.arrays[name]
        assert not isinstance(found, Ragged)
        return found

    def reduce(self, weights: ArrayLike | None = None) -> Floats:
        """Return the metric's numbers in the order of its names.

        Args:
            weights: One number per example, or (replicates, n). A weight of 2 counts an example
                twice, 0 leaves it out. None weighs every example 1.

        Returns:
            Shape (names,) or (replicates, names); NaN where a number is undefined.
        """
        given = np.ones(len(self)) if weights is None else np.asarray(weights, dtype=np.float64)
        reduced = self.metric.reduce(self, np.atleast_2d(given))
        return reduced[0] if given.ndim == 1 else reduced

    def take(self, examples: NDArray[Any]) -> ExampleStats:
        """Return the statistics of these examples: positions in any order, or one flag each."""
        flags = examples.dtype == np.bool_
        chosen = np.flatnonzero(examples) if flags else examples.astype(np.intp)
        arrays = {
            name: array.take(chosen) if isinstance(array, Ragged) else array[chosen]
            for name, array in self.arrays.items()
        }
        return replace(self, example_ids=self.example_ids[chosen], arrays=arrays)

    def atoms(self) -> Atoms | None:
        """Group examples with equal statistics; None where statistics are not few small codes."""
        if not len(self) or not all(map(_is_discrete, self.arrays.values())):
            return None
        columns = [column for name in self.arrays for column in _columns(self.array(name))]
        spans = [int(column.max()) - int(column.min()) + 1 for column in columns]
        if len(columns) == 1 and spans[0] <= FLAGS:
            return self._few_atoms(columns[0], spans[0])
        if reduce(lambda product, span: min(product * span, CELLS + 1), spans, 1) > CELLS:
            return None
        codes = np.zeros(len(self), dtype=np.int64)
        for column, span in zip(columns, spans, strict=True):
            codes = codes * span + (column.astype(np.int64) - int(column.min()))
        sizes = np.bincount(codes)
        kinds = np.flatnonzero(sizes)
        example_of = np.zeros(len(sizes), dtype=np.intp)
        example_of[codes] = np.arange(len(self))
        return Atoms(self.take(example_of[kinds]), sizes[kinds])

    def _few_atoms(self, column: AnyArray, span: int) -> Atoms:
        """Group by comparing, which for right and wrong takes little longer than reading them."""
        same = [column == int(column.min()) + kind for kind in range(span)]
        sizes = np.array([np.count_nonzero(one) for one in same])
        first = np.array([one.argmax() for one in same])
        return Atoms(self.take(first[sizes > 0]), sizes[sizes > 0])


def _is_discrete(array: AnyArray | Ragged) -> bool:
    return not isinstance(array, Ragged) and array.dtype.kind in "bui"


def _columns(array: AnyArray) -> list[AnyArray]:
    return [array] if array.ndim == 1 else list(array.T)
