"""A score along a number: how it changes with income, age, size, distance …"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from heldout.evaluation.data import AnyArray, Floats
from heldout.evaluation.disparities import limit
from heldout.evaluation.metric import AdditiveMetric, Number
from heldout.evaluation.registry import AnyMetric
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.uncertainty import why_no_bootstrap
from heldout.statistics.weights import Resampling

POINTS = 25
SPAN = 0.3  # The share of examples each point of the curve is made of.
FEWEST = 50  # Examples below which there is no curve.
FEW_RESAMPLES = 200  # For metrics that are no sums, which take long.


class Point(NamedTuple):
    """One point of the curve.

    Attributes:
        at: The number along which.
        value: The score of the examples around it.
        low: Lower end of the band, which holds the whole curve at once; None without a band.
        high: Upper end.
    """

    at: float
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Profile:
    """One number of a metric along one column.

    Attributes:
        column: The column.
        metric: The metric as it was asked for.
        name: Which of its numbers.
        n: Examples that have the number.
        around: Examples each point is made of, the near ones weighing most.
        points: Empty where there is no curve.
        reason: Why there is no curve, or no band; else empty.
    """

    column: str
    metric: str
    name: str
    n: int
    around: int
    points: tuple[Point, ...]
    reason: str = ""


def along(
    stats: ExampleStats,
    column: pl.Series,
    *,
    metric: AnyMetric,
    smallest_group: int = 1,
    span: float = SPAN,
    points: int = POINTS,
    resampling: Resampling,
) -> Profile:
    """Score the examples around each of several values, for the first number of a metric.

    Each point is the metric under weights that fall off with the distance (tricube, of the nearest
    `span` of the examples), so any metric has a curve. The points stand at evenly spaced ranks of
    the column, and the band is simultaneous: 95 % of the resamples, which are shared by all points,
    stay within it everywhere. It is a band for the smoothed curve; a peak much narrower than the
    span is flattened by it.

    Source: W. S. Cleveland, "Robust locally weighted regression and smoothing scatterplots", JASA
    74 (1979), for the weights; the local fit is a constant.

    Args:
        stats: Of all examples.
        column: One number per example, in the same order, as `numbers_of` reads it.
        metric: What the statistics belong to.
        smallest_group: No point is made of fewer examples.
        span: The share of the examples each point is made of.
        points: How many points, fewer where values repeat.
        resampling: Of all examples, with clusters where there are any.

    Raises:
        TypeError: The column is not of numbers.
    """
    values = numbers_of(column).to_numpy()
    known = np.flatnonzero(np.isfinite(values))
    around = min(len(known), max(math.ceil(span * len(known)), smallest_group, FEWEST // 2))
    empty = Profile(column.name, metric.key, metric.names[0], len(known), around, ())
    if len(known) < FEWEST:
        reason = f"{len(known)} examples are too few for a curve (fewest: {FEWEST})"
        return replace(empty, reason=reason)
    places = np.unique(np.quantile(values[known], np.linspace(0.02, 0.98, points)))
    if len(np.unique(values[known])) < 3:
        return replace(empty, reason="the column has too few different numbers for a curve")
    kernels = [_kernel(values, known, at, around) for at in places]
    reason = _why_no_band(metric, around, resampling)
    if reason:
        resampling = replace(resampling, replicates=0)
    if not isinstance(metric, AdditiveMetric):
        resampling = replace(resampling, replicates=min(resampling.replicates, FEW_RESAMPLES))
    found, drawn = _measure(stats, kernels, resampling)
    banded = replace(empty, **_banded(places, found, drawn, metric.numbers[0]))
    return replace(banded, reason=reason or banded.reason)


def numbers_of(column: pl.Series) -> pl.Series:
    """Return a column as floats, numbers written as text too; null where there is none.

    Raises:
        TypeError: Something in it is not a number.
    """
    if column.dtype == pl.String:
        text = column.str.strip_chars()
        column = text.set(text == "", None)
    elif not column.dtype.is_numeric():
        raise TypeError(f"the column {column.name} is not of numbers")
    values = column.cast(pl.Float64, strict=False)
    if values.null_count() > column.null_count():
        raise TypeError(f"the column {column.name} is not of numbers")
    return values


def _why_no_band(metric: AnyMetric, around: int, resampling: Resampling) -> str:
    if not resampling.replicates:
        return "intervals were not asked for"
    if around < metric.fewest:
        return f"{around} examples around a point are too few for a band (fewest: {metric.fewest})"
    return why_no_bootstrap(metric.interval, resampling, fewest=metric.fewest)


class _Kernel(NamedTuple):
    members: AnyArray
    weights: Floats


def _kernel(values: Floats, known: AnyArray, at: float, around: int) -> _Kernel:
    """Weigh the nearest examples by the cube of their distance's cube: tricube."""
    distance = np.abs(values[known] - at)
    reach = np.partition(distance, around - 1)[around - 1]
    near = distance <= reach
    scaled = distance[near] / (1.01 * reach) if reach > 0 else np.zeros(near.sum())
    return _Kernel(known[near], (1 - scaled**3) ** 3)


def _measure(
    stats: ExampleStats, kernels: list[_Kernel], resampling: Resampling
) -> tuple[Floats, Floats]:
    """Return values (points,) and resampled ones (replicates, points)."""
    own = [stats.take(one.members) for one in kernels]
    values = [near.reduce(one.weights)[0] for near, one in zip(own, kernels, strict=True)]
    blocks = [
        [
            near.reduce(weights[:, one.members] * one.weights)[:, 0]
            for near, one in zip(own, kernels, strict=True)
        ]
        for weights in resampling.blocks()
    ]
    drawn = np.concatenate([np.stack(block, axis=1) for block in blocks] or [np.empty((0, 0))])
    return np.array(values), drawn


def _banded(places: Floats, values: Floats, drawn: Floats, number: Number) -> dict[str, Any]:
    """Return the points, and the reason where they have no band."""
    defined = ~np.isnan(values)
    if not defined.any():
        return {"reason": "the number is undefined around every value"}
    places, values = places[defined], values[defined]
    bare = tuple(
        Point(float(at), float(value), None, None) for at, value in zip(places, values, strict=True)
    )
    if not len(drawn):
        return {"points": bare}
    drawn = drawn[:, defined]
    if np.isnan(drawn).any():
        return {"points": bare, "reason": "the number is undefined on some resamples"}
    errors = drawn.std(axis=0, ddof=1)
    width = limit(drawn, values, errors) * errors
    low, high = np.maximum(values - width, number.low), np.minimum(values + width, number.high)
    columns = (places, values, low, high)
    return {"points": tuple(Point(*row) for row in np.stack(columns, axis=1).tolist())}
