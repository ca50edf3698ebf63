"""What random subsets of a group's size score: the yardstick of numbers that depend on size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heldout.evaluation.data import Floats
from heldout.evaluation.metric import Method
from heldout.evaluation.registry import AnyMetric
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.subgroups import SubgroupScore
from heldout.statistics.seeds import derive_seed

SUBSETS = 100


@dataclass(frozen=True)
class SameSize:
    """One number of random subsets as large as a group.

    Attributes:
        subgroup: The group whose size it is.
        metric: The metric as it was asked for.
        name: Which of its numbers.
        n: Examples of the group, and of every subset.
        mean: Over the subsets; a group above it does better than its size explains.
        low: 2.5 % of the subsets score less.
        high: 2.5 % of the subsets score more.
        subsets: How many were drawn.
    """

    subgroup: dict[str, str]
    metric: str
    name: str
    n: int
    mean: float
    low: float
    high: float
    subsets: int


def depends_on_size(metric: AnyMetric) -> bool:
    """Whether a metric is known to be biased on few examples, as average precision is."""
    return metric.interval in (Method.STANDARD_ERROR, Method.BIASED_UPWARD)


def same_size(
    stats: ExampleStats,
    groups: Sequence[SubgroupScore],
    *,
    metric: AnyMetric,
    seed: int,
    subsets: int = SUBSETS,
) -> list[SameSize]:
    """Score random subsets of all examples, as large as each group.

    Average precision is higher on few images than on many of the same kind, so the score of a
    subgroup is fairly compared with these, and not with the score of the whole.

    Args:
        stats: Of all examples.
        groups: Scores of groups by this metric; those without n are left out.
        metric: What the statistics belong to.
        seed: Of the subsets; groups of one size share theirs.
        subsets: How many to draw for each size.

    Returns:
        One for each group and number that is defined on every subset.
    """
    drawn: dict[int, Floats] = {}
    found = []
    for group in groups:
        if group.n is None or group.value is None:
            continue
        if group.n not in drawn:
            drawn[group.n] = _draw(stats, group.n, seed=seed, subsets=subsets)
        values = drawn[group.n][:, metric.names.index(group.name)]
        if not np.isnan(values).any():
            low, high = np.quantile(values, [0.025, 0.975])
            found.append(
                SameSize(group.subgroup, metric.key, group.name, group.n, float(values.mean()),
                         float(low), float(high), subsets)
            )  # fmt: skip
    return found


def _draw(stats: ExampleStats, size: int, *, seed: int, subsets: int) -> Floats:
    rng = np.random.default_rng(derive_seed(seed, "same size", size))
    flags = np.zeros((subsets, len(stats)))
    for row in flags:
        row[rng.choice(len(stats), size=size, replace=False)] = 1
    return stats.reduce(flags)
