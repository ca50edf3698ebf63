"""Weighted counts per class, on which F1, balanced accuracy and kappa rest."""

from __future__ import annotations

import numpy as np

from heldout.evaluation.data import AnyArray, Floats
from heldout.evaluation.metric import ratio


def sum_by_code(weights: Floats, codes: AnyArray, size: int) -> Floats:
    """Sum weights (r, n) over the examples of each code 0 … `size` - 1; other codes are left out.

    Returns:
        (r, size)
    """
    order = np.argsort(codes, kind="stable")
    first, last = np.searchsorted(codes[order], [0, size])
    order = order[first:last]
    totals = np.zeros((size, len(weights)))
    if len(order):
        present, starts = np.unique(codes[order], return_index=True)
        totals[present] = np.add.reduceat(weights.T[order], starts, axis=0)
    return totals.T


def f1(hits: Floats, predicted: Floats, actual: Floats) -> Floats:
    """Return 2 hits / (predicted + actual); NaN where a class is neither predicted nor actual."""
    return ratio(2 * hits, predicted + actual)


def mean_of_defined(values: Floats) -> Floats:
    """Return the mean over the last axis, leaving undefined values out; NaN if all are."""
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0).sum(axis=-1), defined.sum(axis=-1).astype(np.float64))
