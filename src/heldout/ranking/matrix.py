"""Every entry against every other, adjusted for how many comparisons that makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from heldout.errors import BadInput, Problem
from heldout.evaluation.data import Flags, Floats
from heldout.evaluation.stats import ExampleStats
from heldout.ranking.replicates import paired_replicates, refuse_unaligned
from heldout.statistics.multiple import benjamini_hochberg, holm
from heldout.statistics.weights import Resampling

LEVEL = 0.05


@dataclass(frozen=True)
class Pair:
    """Two entries on the same examples.

    Attributes:
        first: Name of one.
        second: Of the other.
        difference: First less second; None where undefined.
        p_value: Of this pair by itself.
        holm: Adjusted: below 0.05, no pair of all is likely to be found by chance.
        benjamini_hochberg: Adjusted: of the pairs below 0.05, one in twenty is by chance.
    """

    first: str
    second: str
    difference: float | None
    p_value: float | None
    holm: float | None
    benjamini_hochberg: float | None

    @property
    def differ(self) -> bool:
        """Whether they differ, with all comparisons of the matrix in mind."""
        return self.holm is not None and self.holm < LEVEL


def win_matrix(
    entries: Sequence[tuple[str, ExampleStats]],
    *,
    name: str | None = None,
    seed: int,
    replicates: int = 1000,
    clusters: ArrayLike | None = None,
) -> list[Pair]:
    """Compare every pair of entries under the same resamples.

    The p-value takes the difference over its bootstrap standard error as normal: a share of 1,000
    resamples is never below 0.001, which adjusting for fifty pairs would leave of no use.

    Args:
        entries: Names and statistics, on the same examples.
        name: The number to compare; None takes the metric's first.
        seed: Of the resamples.
        replicates: Number of resamples.
        clusters: One value per example; examples with equal values are drawn together.

    Returns:
        Pairs in the order of the entries: first with second, first with third …

    Raises:
        BadInput: Fewer than two entries, or not scored on the same examples.
    """
    if len(entries) < 2:
        raise BadInput([Problem("entries", f"{len(entries)} to compare", "give two or more")])
    names, stats = [one for one, _ in entries], [one for _, one in entries]
    refuse_unaligned(stats)
    chosen = name or stats[0].metric.names[0]
    resampling = Resampling(len(stats[0]), seed=seed, replicates=replicates, clusters=clusters)
    drawn = paired_replicates(stats, name=chosen, resampling=resampling)
    values = np.array([one.reduce()[one.metric.names.index(chosen)] for one in stats])
    return pairs_from(names, values, drawn)


def pairs_from(names: Sequence[str], values: Floats, drawn: Floats) -> list[Pair]:
    """Return the pairs of `win_matrix` from values (entries,) and resamples of them.

    Args:
        names: Of the entries.
        values: Of the entries.
        drawn: (replicates, entries), from shared resamples.
    """
    pairs = list(combinations(range(len(names)), 2))
    differences = np.array([values[one] - values[other] for one, other in pairs])
    p_values = np.array(
        [
            normal_p_value(difference, drawn[:, one] - drawn[:, other])
            for difference, (one, other) in zip(differences, pairs, strict=True)
        ]
    )
    columns = np.stack([differences, p_values, holm(p_values), benjamini_hochberg(p_values)])
    return [
        Pair(names[one], names[other], *map(_defined, column))
        for (one, other), column in zip(pairs, columns.T, strict=True)
    ]


def normal_p_value(difference: float, drawn: Floats) -> float:
    """Return the two-sided p-value of a difference over its bootstrap standard error.

    NaN where the difference is undefined, by itself or on any resample. A difference that is the
    same on every resample is as rare as resamples can tell.
    """
    if np.isnan(difference) or np.isnan(drawn).any():
        return float("nan")
    error = float(drawn.std(ddof=1))
    if error <= 1e-12 * max(1.0, abs(difference)):
        return 1.0 if abs(difference) <= 1e-12 else 1 / (1 + len(drawn))
    return float(2 * ndtr(-abs(difference) / error))


def groups(order: Sequence[str], pairs: Sequence[Pair]) -> list[tuple[str, ...]]:
    """Return the runs of neighbouring entries of which no two differ: critical-difference groups.

    These are the bars under a critical-difference diagram. Entries that share a group cannot be
    told apart; an entry can be in several groups.

    Source: J. Demšar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7
    (2006); with pairwise tests adjusted by Holm in place of one critical difference.

    Args:
        order: Names, best first.
        pairs: Of `win_matrix`.

    Returns:
        The longest runs only, best first; an entry that differs from all others is one by itself.
    """
    place = {name: position for position, name in enumerate(order)}
    differ: Flags = np.zeros((len(order), len(order)), dtype=np.bool_)
    for pair in pairs:
        if pair.differ:
            first, second = sorted((place[pair.first], place[pair.second]))
            differ[first, second] = True
    found: list[tuple[str, ...]] = []
    reached = 0
    for start in range(len(order)):
        stop = start + 1
        while stop < len(order) and not differ[start : stop + 1, stop].any():
            stop += 1
        if stop > reached:
            found.append(tuple(order[start:stop]))
            reached = stop
    return found


def _defined(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
