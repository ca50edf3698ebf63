"""One order from several numbers, and why there is no single one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from heldout.evaluation.data import Floats


@dataclass(frozen=True)
class Standing:
    """Where an entry stands by several numbers together.

    Attributes:
        mean_rank: The mean of its ranks; equal values share the mean of their ranks.
        borda: For each number, how many entries it beats, half of those it ties with included.
        pareto: No other entry is at least as good in every number and better in one.
    """

    mean_rank: float
    borda: float
    pareto: bool


def standings(values: ArrayLike, *, higher_is_better: Sequence[bool]) -> list[Standing]:
    """Combine several numbers of the same entries.

    Mean rank and Borda count give the same order; both let an entry's place depend on who else is
    there. The Pareto front does not, and weighs no number against another. Say which one decides
    before the results are known.

    Args:
        values: (entries, numbers). An undefined number (NaN) is behind every other.
        higher_is_better: The direction of each number.

    Raises:
        ValueError: There are not as many directions as numbers.
    """
    from scipy.stats import rankdata  # Loading it takes longer than most commands.

    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != len(higher_is_better):
        raise ValueError(f"{len(higher_is_better)} directions for values of shape {table.shape}")
    gains = np.where(np.asarray(higher_is_better), table, -table)
    gains = np.where(np.isnan(gains), -np.inf, gains)
    ranks = rankdata(-gains, axis=0) if len(gains) else gains
    return [
        Standing(float(row.mean()), float((len(gains) - row).sum()), not _dominated(gain, gains))
        for row, gain in zip(ranks, gains, strict=True)
    ]


def _dominated(gain: Floats, gains: Floats) -> bool:
    return bool(((gains >= gain).all(axis=1) & (gains > gain).any(axis=1)).any())
