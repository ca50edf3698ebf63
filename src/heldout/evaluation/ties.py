"""Weighted sums over groups of equal scores, on which every ranking metric rests."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from heldout.evaluation.data import Flags, Floats


class TiedSums(NamedTuple):
    """Sums of weights over examples of equal score, in ascending order of the score.

    Attributes:
        positive: (groups, r), over the examples that are flagged.
        total: (groups, r), over all.
    """

    positive: Floats
    total: Floats


def tied_sums(weights: Floats, scores: Floats, flags: Flags) -> TiedSums:
    """Sum weights (r, n) over groups of equal scores (n,)."""
    order = np.argsort(scores, kind="stable")
    starts = _starts(scores[order])
    ordered = weights.T[order]
    total = np.add.reduceat(ordered, starts, axis=0)
    positive = np.add.reduceat(ordered * flags[order, None], starts, axis=0)
    return TiedSums(positive, total)


def midranks(weights: Floats, values: Floats) -> Floats:
    """Return the mean rank of each example among its equals, less a half: (r, n).

    An example of weight w takes w ranks, as if it stood there w times.
    """
    order = np.argsort(values, kind="stable")
    starts = _starts(values[order])
    total = np.add.reduceat(weights.T[order], starts, axis=0)
    middle = np.cumsum(total, axis=0) - total / 2
    group = np.empty(len(values), dtype=np.intp)
    group[order] = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(values))))
    return middle[group].T


def _starts(ordered: Floats) -> NDArray[np.intp]:
    return np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
