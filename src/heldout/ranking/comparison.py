"""Whether one entry is better than another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from heldout.errors import BadInput, Problem
from heldout.evaluation.data import Floats
from heldout.evaluation.metric import AdditiveMetric, Method
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.uncertainty import percentile_interval
from heldout.ranking.permutation import swapped_differences
from heldout.ranking.replicates import paired_replicates
from heldout.statistics.mcnemar import mcnemar
from heldout.statistics.weights import Resampling

SLACK = 1e-12  # Equal differences that were summed in another order are equal.


@dataclass(frozen=True)
class Evidence:
    """What one further test says.

    Attributes:
        test: Its name.
        p_value: How likely a difference at least as large is, on either side, if there is none.
    """

    test: str
    p_value: float


@dataclass(frozen=True)
class PairedTest:
    """The difference of two entries on the same examples.

    Attributes:
        metric: The metric as it was asked for.
        name: Which of its numbers.
        first: The first entry's value; None where undefined.
        second: The second's.
        difference: First less second.
        low: Lower end of the difference's 95 % interval.
        high: Upper end.
        p_value: How likely a difference at least as large is, on either side, if there is none.
        n: Number of examples.
        replicates: Number of resamples.
        seed: Of the resamples.
        method: How interval and p-value were made.
        reason: Why something is None; else empty.
        tests: What other tests say: of permutation always, McNemar's where each example is right or
            wrong and stands for itself.
    """

    metric: str
    name: str
    first: float | None
    second: float | None
    difference: float | None
    low: float | None
    high: float | None
    p_value: float | None
    n: int
    replicates: int
    seed: int
    method: str = "paired bootstrap"
    reason: str = ""
    tests: tuple[Evidence, ...] = ()


def compare(
    first: ExampleStats,
    second: ExampleStats,
    *,
    name: str | None = None,
    seed: int,
    replicates: int = 1000,
    clusters: ArrayLike | None = None,
) -> PairedTest:
    """Compare two entries by resampling the examples of both together.

    The interval is the central range of the resampled differences; the p-value is the share of
    resamples whose difference lies at least as far from the observed one as that does from 0. The
    permutation test beside it swaps the two entries on random examples instead, and is exact
    where it does not matter which entry made which prediction.

    Args:
        first: Statistics of one entry.
        second: Of the other, on the same examples in any order, with the same metric.
        name: The number to compare; None takes the metric's first.
        seed: Of the resamples.
        replicates: Number of resamples.
        clusters: One value per example of `first`; examples with equal values are drawn together.

    Raises:
        BadInput: The entries have other examples or another metric.
    """
    pair = [first, _in_order_of(first, second)]
    chosen = name or first.metric.names[0]
    if chosen not in first.metric.names:
        known = ", ".join(first.metric.names)
        raise BadInput([Problem("name", f'"{chosen}" is not one of the numbers', f"give {known}")])
    position = first.metric.names.index(chosen)
    resampling = Resampling(len(first), seed=seed, replicates=replicates, clusters=clusters)
    values = [float(one.reduce()[position]) for one in pair]
    drawn = paired_replicates(pair, name=chosen, resampling=resampling)
    difference = values[0] - values[1]
    differences = drawn[:, 0] - drawn[:, 1]
    interval = None if np.isnan(difference) else percentile_interval(differences)
    return PairedTest(
        metric=first.metric.key,
        name=chosen,
        first=_defined(values[0]),
        second=_defined(values[1]),
        difference=_defined(difference),
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        p_value=_p_value(difference, differences) if interval else None,
        n=len(first),
        replicates=replicates,
        seed=seed,
        reason="" if interval else "the difference is undefined, or on too many resamples",
        tests=tuple(_other_tests(pair, position, difference, resampling)) if interval else (),
    )


def _other_tests(
    pair: Sequence[ExampleStats], position: int, difference: float, resampling: Resampling
) -> Iterator[Evidence]:
    """Yield the tests that need no resamples, as far as they are valid here."""
    swapped = swapped_differences(
        *pair,
        position=position,
        seed=resampling.seed,
        rounds=resampling.replicates,
        clusters=resampling.clusters,
    )
    if not np.isnan(swapped).any():
        yield Evidence("permutation", _p_value(difference, swapped + difference))
    metric = pair[0].metric
    if not isinstance(metric, AdditiveMetric) or metric.interval is not Method.WILSON:
        return
    if resampling.clusters is None:
        first, second = (metric.terms(one)[:, position] > 0 for one in pair)
        found = mcnemar(int((first & ~second).sum()), int((second & ~first).sum()))
        yield Evidence("mcnemar exact", found.exact)
        yield Evidence("mcnemar mid-p", found.mid_p)


def _p_value(difference: float, drawn: Floats) -> float:
    defined = drawn[~np.isnan(drawn)]
    slack = SLACK * max(1.0, abs(difference))
    extreme = np.count_nonzero(np.abs(defined - difference) >= abs(difference) - slack)
    return float((1 + extreme) / (1 + len(defined)))


def _in_order_of(first: ExampleStats, second: ExampleStats) -> ExampleStats:
    if first.metric.key != second.metric.key:
        message = f"scored with {first.metric.key} and with {second.metric.key}"
        raise BadInput([Problem("entries", message, "compare scores of one metric")])
    if len(first) == len(second) and (first.example_ids == second.example_ids).all():
        return second
    where = {example: position for position, example in enumerate(second.example_ids)}
    absent = sum(example not in where for example in first.example_ids)
    if absent or len(first) != len(second):
        message = (
            f"scored on other examples: {len(first):,} and {len(second):,}, {absent:,} not in both"
        )
        raise BadInput([Problem("entries", message, "compare scores of one split")])
    return second.take(np.array([where[example] for example in first.example_ids]))


def _defined(value: float) -> float | None:
    return None if np.isnan(value) else value
