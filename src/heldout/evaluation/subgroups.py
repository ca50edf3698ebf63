"""Scores of subgroups, and of the intersections of several columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from heldout.evaluation.data import Flags
from heldout.evaluation.registry import AnyMetric
from heldout.evaluation.scoring import REPLICATES, score_stats
from heldout.evaluation.stats import ExampleStats
from heldout.statistics.seeds import derive_seed
from heldout.statistics.weights import Resampling

UNKNOWN = "(not given)"


@dataclass(frozen=True)
class SubgroupScore:
    """One number of one group.

    Attributes:
        subgroup: The group as column: value; several columns make an intersection.
        metric: The metric as it was asked for.
        name: Which of its numbers.
        value: None where undefined or suppressed.
        low: Lower end of the 95 % interval, or None.
        high: Upper end, or None.
        n: Number of examples; None where suppressed.
        suppressed: The group is too small to be shown.
        reason: Why something is not there.
    """

    subgroup: dict[str, str]
    metric: str
    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    suppressed: bool
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Group:
    """The examples that share their values in some columns.

    Attributes:
        name: column: value.
        members: One flag per example.
    """

    name: dict[str, str]
    members: Flags

    @property
    def n(self) -> int:
        """Number of examples."""
        return int(self.members.sum())


def disaggregate(
    stats: ExampleStats,
    columns: pl.DataFrame,
    *,
    metric: AnyMetric,
    by: Sequence[str | Sequence[str]],
    smallest_group: int = 1,
    protect: bool = False,
    seed: int,
    replicates: int = REPLICATES,
    clusters: pl.Series | None = None,
) -> list[SubgroupScore]:
    """Score every group of each column, and of each intersection.

    Args:
        stats: Of all examples.
        columns: One row per example, in the same order.
        metric: What the statistics belong to.
        by: Names of columns; a list of names is an intersection.
        smallest_group: Groups with fewer examples are named, but have no numbers.
        protect: Where exactly the suppressed groups could be reckoned from the total and the other
            groups, suppress the next smallest too. For answers that are held out.
        seed: Of the resamples.
        replicates: Number of resamples; 0 leaves intervals out.
        clusters: One value per example; examples with equal values are drawn together.

    Returns:
        Groups in the order of their names, for each entry of `by` in turn.
    """
    scores = []
    for names in ([entry] if isinstance(entry, str) else list(entry) for entry in by):
        groups = groups_of(columns, names)
        hidden = suppressed(groups, smallest_group, protect=protect)
        for group, is_hidden in zip(groups, hidden, strict=True):
            if is_hidden:
                scores += _withheld(group, metric, smallest_group)
                continue
            resampling = Resampling(
                group.n,
                seed=derive_seed(seed, *group.name, *group.name.values()),
                replicates=replicates,
                clusters=None if clusters is None else clusters.filter(group.members).to_numpy(),
            )
            scores += _shown(group, stats, metric, resampling)
    return scores


def groups_of(columns: pl.DataFrame, names: Sequence[str]) -> list[Group]:
    """Return the groups of one column or of an intersection, in the order of their names."""
    keys = columns.select(pl.col(names).cast(pl.String).fill_null(UNKNOWN))
    distinct = keys.unique().sort(names)
    return [
        Group(
            dict(zip(names, values, strict=True)),
            np.logical_and.reduce(
                [
                    (keys[name] == value).to_numpy()
                    for name, value in zip(names, values, strict=True)
                ]
            ),
        )
        for values in distinct.rows()
    ]


def suppressed(groups: Sequence[Group], smallest: int, *, protect: bool) -> list[bool]:
    """Tell which groups have no numbers: the small ones and, to protect them, a few more."""
    hidden = [group.n < smallest for group in groups]
    by_size = sorted(range(len(groups)), key=lambda i: groups[i].n)
    if protect and any(hidden):
        for i in by_size:
            together = sum(group.n for group, gone in zip(groups, hidden, strict=True) if gone)
            if sum(hidden) > 1 and together >= smallest:
                break
            hidden[i] = True
    return hidden


def _withheld(group: Group, metric: AnyMetric, smallest: int) -> list[SubgroupScore]:
    if group.n < smallest:
        reason = f"fewer than {smallest} examples"
    else:
        reason = f"withheld, because a group of fewer than {smallest} examples would follow from it"
    return [
        SubgroupScore(group.name, metric.key, name, None, None, None, None, True, reason)
        for name in metric.names
    ]


def _shown(
    group: Group, stats: ExampleStats, metric: AnyMetric, resampling: Resampling
) -> list[SubgroupScore]:
    scores = score_stats([stats.take(group.members)], [metric], resampling)
    return [
        SubgroupScore(
            group.name, one.metric, one.name, one.value, one.low, one.high, one.n, False, one.reason
        )
        for one in scores
    ]
