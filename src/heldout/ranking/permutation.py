"""The difference of two entries if it did not matter which of them made which prediction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from heldout.evaluation.data import AnyArray, Floats
from heldout.evaluation.metric import AdditiveMetric
from heldout.evaluation.stats import ExampleStats, Ragged

BLOCK_BYTES = 1 << 24  # Weights held at a time.


def swapped_differences(
    first: ExampleStats,
    second: ExampleStats,
    *,
    position: int,
    seed: int,
    rounds: int,
    clusters: ArrayLike | None = None,
) -> Floats:
    """Return the difference, first less second, after swapping the entries on random examples.

    A swap is a matter of weights as well: of the examples of both entries, put one after the other,
    the first entry's count where they were not swapped and the second's where they were.

    Args:
        first: Statistics of one entry.
        second: Of the other, on the same examples in the same order.
        position: Which of the metric's numbers.
        seed: Of the swaps.
        rounds: Number of permutations.
        clusters: One value per example; examples with equal values are swapped together.

    Returns:
        (rounds,); NaN where undefined.
    """
    n = len(first)
    units = np.arange(n) if clusters is None else _codes(clusters)
    if isinstance(first.metric, AdditiveMetric):
        differ = _differing(first, second)
        both = _joined(first.take(differ), second.take(differ))
        rest, units = first.take(~differ), units[differ]
    else:
        both, rest = _joined(first, second), None
    rng = np.random.default_rng((seed, rounds))
    block = max(1, BLOCK_BYTES // (32 * max(1, n)))
    values = [
        _differences(both, rest, position, rng.integers(2, size=(size, _count(units)))[:, units])
        for size in _sizes(rounds, block)
    ]
    return np.concatenate(values)


def _codes(clusters: ArrayLike) -> NDArray[np.intp]:
    codes: NDArray[np.intp] = np.unique(np.asarray(clusters), return_inverse=True)[1]
    return codes


def _count(units: NDArray[np.intp]) -> int:
    return int(units.max(initial=-1)) + 1


def _sizes(rounds: int, block: int) -> list[int]:
    return [min(block, rounds - start) for start in range(0, rounds, block)]


def _differing(first: ExampleStats, second: ExampleStats) -> NDArray[np.bool_]:
    """Flag the examples on which the entries differ: swapping the others changes nothing."""
    assert isinstance(first.metric, AdditiveMetric)
    flags: NDArray[np.bool_] = (first.metric.terms(first) != first.metric.terms(second)).any(axis=1)
    return flags


def _differences(
    both: ExampleStats, rest: ExampleStats | None, position: int, swapped: NDArray[np.int64]
) -> Floats:
    kept = 1 - swapped
    sides = (np.hstack([kept, swapped]), np.hstack([swapped, kept]))
    one, other = (_numbers(both, rest, weights.astype(np.float64)) for weights in sides)
    difference: Floats = (one - other)[:, position]
    return difference


def _numbers(both: ExampleStats, rest: ExampleStats | None, weights: Floats) -> Floats:
    """Reduce; where the metric is additive, examples that are alike are added once."""
    if rest is None:
        return both.reduce(weights)
    metric = both.metric
    assert isinstance(metric, AdditiveMetric)
    alike = metric.terms(rest).astype(np.float64).sum(axis=0)
    totals = weights @ metric.terms(both).astype(np.float64) + alike
    return metric.finish(totals, weights.sum(axis=1) + len(rest))


def _joined(first: ExampleStats, second: ExampleStats) -> ExampleStats:
    arrays = {name: _stacked(array, second.arrays[name]) for name, array in first.arrays.items()}
    return replace(
        first, example_ids=pl.concat([first.example_ids, second.example_ids]), arrays=arrays
    )


def _stacked(first: AnyArray | Ragged, second: AnyArray | Ragged) -> AnyArray | Ragged:
    if isinstance(first, Ragged) and isinstance(second, Ragged):
        offsets = np.concatenate([first.offsets, first.offsets[-1] + second.offsets[1:]])
        return Ragged(np.concatenate([first.values, second.values]), offsets)
    assert not isinstance(first, Ragged)
    assert not isinstance(second, Ragged)
    return np.concatenate([first, second])
