"""Which ranks an entry could have had on another sample of examples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from heldout.evaluation.data import Flags, Floats
from heldout.evaluation.stats import ExampleStats
from heldout.ranking.replicates import paired_replicates
from heldout.statistics.weights import Resampling


class RankRange(NamedTuple):
    """The ranks an entry cannot be denied; 1 is best."""

    low: int
    high: int


def rank_ranges(
    stats: Sequence[ExampleStats],
    *,
    name: str,
    higher_is_better: bool,
    resampling: Resampling,
    confidence: float = 0.95,
) -> list[RankRange]:
    """Return ranges that hold the true ranks of all entries at once with the given confidence.

    One entry is surely better than another if their difference, over its bootstrap standard error,
    exceeds the quantile of the largest such deviation over all pairs. An entry ranks below those
    that are surely better and above those that are surely worse.

    Source: Mogstad, Romano, Shaikh and Wilhelm, "Inference for ranks with applications to mobility
    across neighbourhoods and academic achievement across countries", Review of Economic Studies 91
    (2024); the simultaneous two-sided set, in a single step.

    Args:
        stats: Of the entries, on the same examples.
        name: The number that ranks.
        higher_is_better: Its direction.
        resampling: Shared by all.
        confidence: That all ranges hold.
    """
    values = np.array([one.reduce()[one.metric.names.index(name)] for one in stats])
    drawn = paired_replicates(stats, name=name, resampling=resampling)
    return ranges_from(values, drawn, higher_is_better=higher_is_better, confidence=confidence)


def ranges_from(
    values: Floats, drawn: Floats, *, higher_is_better: bool, confidence: float = 0.95
) -> list[RankRange]:
    """Return the ranges of `rank_ranges` from values (entries,) and resamples of them.

    Args:
        values: Of the entries.
        drawn: (replicates, entries), from shared resamples.
        higher_is_better: Their direction.
        confidence: That all ranges hold.
    """
    better = surely_higher(values, drawn, confidence=confidence)
    if not higher_is_better:
        better = better.T
    above, below = better.sum(axis=0), better.sum(axis=1)
    return [
        RankRange(int(1 + higher), int(len(values) - lower))
        for higher, lower in zip(above, below, strict=True)
    ]


def surely_higher(values: Floats, drawn: Floats, *, confidence: float) -> Flags:
    """Tell for each pair whether the first has a higher value than the second.

    Args:
        values: (entries,)
        drawn: (replicates, entries), from shared resamples. An entry with an undefined value on
            any resample is told apart from no other.
        confidence: That no flag is wrong.

    Returns:
        (entries, entries)
    """
    known = ~np.isnan(drawn).any(axis=0) & ~np.isnan(values)
    flags = np.zeros((len(values), len(values)), dtype=np.bool_)
    if known.sum() < 2:
        return flags
    deviations = drawn[:, known] - values[known]
    error = _errors_of_differences(deviations)
    limit = np.quantile(_largest_deviations(deviations, error), confidence)
    difference = values[known][:, None] - values[known]
    flags[np.ix_(known, known)] = difference > limit * error
    return flags


def _errors_of_differences(deviations: Floats) -> Floats:
    covariance = np.atleast_2d(np.cov(deviations.T))
    variance = np.diag(covariance)
    squared = variance[:, None] + variance - 2 * covariance
    squared[squared < 1e-12 * (variance[:, None] + variance)] = 0
    return np.sqrt(squared)


def _largest_deviations(deviations: Floats, error: Floats) -> Floats:
    first, second = _pairs(error)
    if not len(first):
        return np.zeros(1)
    scale = 1 / error[first, second]
    return np.array([np.abs((row[first] - row[second]) * scale).max() for row in deviations])


def _pairs(error: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    first, second = np.nonzero(np.triu(error, k=1))
    return first, second
