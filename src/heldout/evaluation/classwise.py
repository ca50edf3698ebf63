"""Weighted counts per class, on which F1, balanced accuracy and kappa rest."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from heldout.evaluation.data import AnyArray, Floats
from heldout.evaluation.metric import ratio

CELLS_PER_EXAMPLE = 4  # Up to here one pass over a confusion matrix beats three over the examples.


class ClassCounts(NamedTuple):
    """Weighted counts (r, classes).

    Attributes:
        hits: Examples whose prediction is their reference.
        predicted: Examples predicted to be of the class.
        actual: Examples whose reference is the class.
    """

    hits: Floats
    predicted: Floats
    actual: Floats


def sum_by_code(weights: Floats, codes: AnyArray, size: int) -> Floats:
    """Sum weights (r, n) over the examples of each code 0 … `size` - 1; -1 is left out.

    Returns:
        (r, size)
    """
    shifted = codes.astype(np.intp) + 1
    totals = np.empty((len(weights), size))
    for total, row in zip(totals, weights, strict=True):
        total[:] = np.bincount(shifted, row, minlength=size + 1)[1:]
    return totals


def count_classes(
    weights: Floats, reference: AnyArray, prediction: AnyArray, size: int
) -> ClassCounts:
    """Count hits, predictions and references of each class; a prediction of -1 is missing."""
    if size * size > CELLS_PER_EXAMPLE * len(reference):
        hits = np.where(reference == prediction, reference, -1)
        return ClassCounts(
            *(sum_by_code(weights, codes, size) for codes in (hits, prediction, reference))
        )
    cells = reference.astype(np.intp) * (size + 1) + prediction + 1
    table = sum_by_code(weights, cells, size * (size + 1)).reshape(-1, size, size + 1)
    hits = np.diagonal(table[:, :, 1:], axis1=1, axis2=2)
    return ClassCounts(hits, table.sum(axis=1)[:, 1:], table.sum(axis=2))


def f1(hits: Floats, predicted: Floats, actual: Floats) -> Floats:
    """Return 2 hits / (predicted + actual); NaN where a class is neither predicted nor actual."""
    return ratio(2 * hits, predicted + actual)


def mean_of_defined(values: Floats) -> Floats:
    """Return the mean over the last axis, leaving undefined values out; NaN if all are."""
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0).sum(axis=-1), defined.sum(axis=-1).astype(np.float64))
