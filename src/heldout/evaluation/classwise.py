"""Weighted counts per class, on which F1, balanced accuracy and kappa rest."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from heldout.evaluation.data import AnyArray, Floats
from heldout.evaluation.metric import ClassMean, ratio
from heldout.statistics.intervals import Interval
from heldout.statistics.jackknife import LOGIT, jackknife_interval
from heldout.statistics.proportions import wilson, wilson_limits

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


def f1_mean(counts: ClassCounts, moved: Floats) -> ClassMean:
    """Return the mean F1 of the classes that are predicted or actual, and what it rests on.

    Of the examples that are predicted or actual, the share of hits is a proportion J with Wilson's
    interval, and F1 is 2 J / (1 + J). A hit moves F1 by (2 - 2 F1) / (predicted + actual), and
    whatever else is predicted or actual by -F1 / (predicted + actual).

    Args:
        counts: Each (classes,).
        moved: (n,), how much each example moves the sum over the classes; see `f1_steps`.
    """
    known = counts.predicted + counts.actual > 0
    hits, predicted, actual = (one[known] for one in counts)
    low, high = (2 * one / (1 + one) for one in wilson_limits(hits, predicted + actual - hits))
    hit, other = f1_steps(hits, predicted, actual)
    apart = hits * hit**2 + (predicted + actual - 2 * hits) * other**2
    return ClassMean(f1(hits, predicted, actual), low, high, moved, float(apart.sum()), actual)


def f1_steps(hits: Floats, predicted: Floats, actual: Floats) -> tuple[Floats, Floats]:
    """Return how much a hit of each class moves its F1, and how much a miss or a false alarm."""
    score, size = f1(hits, predicted, actual), predicted + actual
    hit, other = ratio(2 - 2 * score, size), ratio(-score, size)
    return np.nan_to_num(hit), np.nan_to_num(other)


def share_mean(hits: Floats, trials: Floats, moved: Floats) -> ClassMean:
    """Return the mean of the hits among the trials of each class that has any.

    Args:
        hits: (classes,)
        trials: (classes,)
        moved: (n,), how much each example moves the sum over the classes.
    """
    known = trials > 0
    hits, trials = hits[known], trials[known]
    low, high = wilson_limits(hits, trials)
    apart = float((hits * (trials - hits) / trials**3).sum())
    return ClassMean(hits / trials, low, high, moved, apart, trials)


def share_limits(value: float, moved: Floats, examples: int) -> Interval:
    """Return the interval of one class's share, such as an IoU, from what each example moves.

    A perfect share, which nothing moves, is as uncertain as that many hits without a miss.
    """
    found = jackknife_interval(value, moved, scale=LOGIT)
    return found or wilson(value * examples, examples)


def mean_of_defined(values: Floats) -> Floats:
    """Return the mean over the last axis, leaving undefined values out; NaN if all are."""
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0).sum(axis=-1), defined.sum(axis=-1).astype(np.float64))
