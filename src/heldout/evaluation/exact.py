"""Intervals without resamples: means over classes, and numbers that single examples may decide."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from heldout.evaluation.data import AnyArray, Floats
from heldout.evaluation.metric import ClassMean, Method, Number
from heldout.evaluation.registry import AnyMetric
from heldout.evaluation.stats import ExampleStats
from heldout.statistics.intervals import Interval
from heldout.statistics.jackknife import LOG, LOGIT, PLAIN, Scale, jackknife_interval
from heldout.statistics.weights import Resampling

FEWEST_OF_CLASS = 10  # References of a class below which its own interval says too little.
RARE_SHARE = 0.1  # More rare classes than this among those of a mean, and so does the mean's.


class Made(NamedTuple):
    """An interval, or why there is none."""

    interval: Interval | None
    method: Method
    reason: str = ""


def exact_intervals(
    stats: ExampleStats, metric: AnyMetric, values: Floats, resampling: Resampling
) -> list[Made | None]:
    """Return the interval of each number that needs no resamples; None for the others."""
    if metric.interval is Method.CLASSES:
        means = metric.class_means(stats)
        return [None if mean is None else _of_classes(mean, resampling) for mean in means]
    if metric.interval is Method.JACKKNIFE:
        sums = _by_unit(metric.influence(stats) / max(1, len(stats)), resampling)
        return list(_of_jackknife(metric.numbers, values, sums))
    return [None] * len(metric.names)


def _of_classes(mean: ClassMean, resampling: Resampling) -> Made:
    reason = why_too_rare(mean.sizes)
    if reason or not len(mean.values):
        return Made(None, Method.NONE, reason)
    sums = _by_unit(mean.moved[:, None], resampling)
    return Made(class_mean_interval(mean, float(np.square(sums).sum())), Method.CLASSES)


def why_too_rare(sizes: Floats | None) -> str:
    """Return why a mean over classes of these sizes has no interval, as a clause; else nothing."""
    if sizes is None or np.sum(sizes < FEWEST_OF_CLASS) <= RARE_SHARE * len(sizes):
        return ""
    return f"too many classes have too few examples for an interval (fewest: {FEWEST_OF_CLASS})"


def class_mean_interval(mean: ClassMean, together: float) -> Interval:
    """Combine the intervals of the classes into that of their mean.

    Where classes are independent the distances to the lower limits add up by their squares, and so
    do those to the upper ones. Classes share their mistakes, and the examples of a cluster hang
    together: all distances are stretched by how much larger the variance of the sum is than the sum
    of the variances, to first order.

    Source: G. Zou and A. Donner, "Construction of confidence limits about effect measures: a
    general approach", Statistics in Medicine 27 (2008).

    Args:
        mean: Of the classes.
        together: The sum over independent units of the squares of what each moves.
    """
    stretch = together / mean.apart if mean.apart > 0 else 1.0
    value, classes = float(mean.values.mean()), len(mean.values)
    below, above = (
        math.sqrt(stretch * float(np.square(limit - mean.values).sum())) / classes
        for limit in (mean.low, mean.high)
    )
    return Interval(value - below, value + above)


def _of_jackknife(
    numbers: tuple[Number, ...], values: Floats, sums: Floats
) -> Iterator[Made | None]:
    for number, value, column in zip(numbers, values, sums.T, strict=True):
        if np.isnan(column).any():
            yield None
            continue
        interval = jackknife_interval(float(value), column, scale=scale_of(number))
        reason = "" if interval else "leaving single examples out says nothing of its spread"
        yield Made(interval, Method.JACKKNIFE if interval else Method.NONE, reason)


def scale_of(number: Number) -> Scale:
    """Return log odds between 0 and 1, logarithms of errors, and the number itself otherwise."""
    if not number.higher_is_better and number.low == 0:
        return LOG
    return LOGIT if (number.low, number.high) == (0, 1) else PLAIN


def _by_unit(moved: Floats, resampling: Resampling) -> Floats:
    """Add up what the examples of each cluster move: (units, numbers)."""
    codes: AnyArray | None = resampling.cluster_codes
    if codes is None:
        return moved
    return np.stack(
        [np.bincount(codes, column, minlength=resampling.units) for column in moved.T], axis=1
    )
