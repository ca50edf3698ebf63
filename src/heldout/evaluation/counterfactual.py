"""Counterfactual pairs: the same input with one attribute changed, which should change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl

from heldout.evaluation.data import AnyArray, Floats, LabelPredictions, Predictions, SetPredictions
from heldout.evaluation.registry import AnyMetric
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.uncertainty import standard_error_interval, why_no_bootstrap
from heldout.statistics.intervals import Interval
from heldout.statistics.proportions import wilson
from heldout.statistics.weights import Resampling


@dataclass(frozen=True)
class Counterfactual:
    """Two values of an attribute over the inputs that exist with both.

    Attributes:
        pair: The column that says which examples are one input.
        attribute: The column that is changed.
        first: One value of the attribute.
        second: The other.
        metric: The metric as it was asked for.
        name: Which of its numbers.
        n: Inputs that exist with both values.
        value_first: The number over them with the first value; None where undefined.
        value_second: With the second.
        difference: First less second.
        low: Lower end of the difference's 95 % interval, from resampling the inputs; or None.
        high: Upper end, or None.
        flipped: The share of inputs whose predicted label, or set of labels, changes with the
            attribute; None for other predictions.
        flipped_interval: Of that share, by Wilson.
        reason: Why something is None; else empty.
    """

    pair: str
    attribute: str
    first: str
    second: str
    metric: str
    name: str
    n: int
    value_first: float | None
    value_second: float | None
    difference: float | None
    low: float | None
    high: float | None
    flipped: float | None
    flipped_interval: Interval | None
    reason: str = ""


def counterfactuals(
    stats: ExampleStats,
    predictions: Predictions,
    columns: pl.DataFrame,
    *,
    metric: AnyMetric,
    pair: str,
    attribute: str,
    seed: int,
    replicates: int = 1000,
) -> list[Counterfactual]:
    """Compare every two values of an attribute on the inputs that have both.

    A model that does not use the attribute gives the same answer to both, so `flipped` should be 0
    and the difference nothing. An equal score can hide flips in both directions: look at both.

    Args:
        stats: Of all examples.
        predictions: In the same order.
        columns: One row per example, with both columns; without a value an example is left out.
        metric: What the statistics belong to; its first number is compared.
        pair: Names the column whose equal values are one input.
        attribute: Names the column that was changed. Of several examples of one input and one
            value the first counts.
        seed: Of the resamples of inputs.
        replicates: Number of resamples.

    Returns:
        One for each two values that share an input, in the order of their names.
    """
    rows = _rows(columns, pair, attribute)
    values = sorted({value for _, value in rows})
    found = []
    for first, second in combinations(values, 2):
        inputs = [one for one, value in rows if value == first and (one, second) in rows]
        if not inputs:
            continue
        sides = [
            np.array([rows[one, value] for one in inputs], dtype=np.intp)
            for value in (first, second)
        ]
        about = (pair, attribute, first, second)
        resampling = Resampling(len(inputs), seed=seed, replicates=replicates)
        found.append(_compare(about, stats, predictions, metric, sides, resampling))
    return found


def _rows(columns: pl.DataFrame, pair: str, attribute: str) -> dict[tuple[str, str], int]:
    """Return the first example of each input and value."""
    named = columns.select(pl.col(pair).cast(pl.String), pl.col(attribute).cast(pl.String))
    rows: dict[tuple[str, str], int] = {}
    for position, (one, value) in enumerate(named.iter_rows()):
        if one is not None and value is not None:
            rows.setdefault((one, value), position)
    return rows


def _compare(
    about: tuple[str, str, str, str],
    stats: ExampleStats,
    predictions: Predictions,
    metric: AnyMetric,
    sides: Sequence[AnyArray],
    resampling: Resampling,
) -> Counterfactual:
    own = [stats.take(side) for side in sides]
    values = [float(one.reduce()[0]) for one in own]
    difference = values[0] - values[1]
    reason = why_no_bootstrap(metric.interval, resampling, fewest=metric.fewest)
    interval = None
    if np.isnan(difference):
        reason = metric.undefined
    elif not reason:
        drawn = [own[0].reduce(w)[:, 0] - own[1].reduce(w)[:, 0] for w in resampling.blocks()]
        interval = standard_error_interval(difference, np.concatenate(drawn))
        reason = "" if interval else f"too many resamples are undefined: {metric.undefined}"
    flips = _flips(predictions, sides)
    return Counterfactual(
        *about,
        metric=metric.key,
        name=metric.names[0],
        n=resampling.n,
        value_first=_defined(values[0]),
        value_second=_defined(values[1]),
        difference=_defined(difference),
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        flipped=None if flips is None else float(flips.mean()),
        flipped_interval=None if flips is None else wilson(int(flips.sum()), len(flips)),
        reason=reason,
    )


def _flips(predictions: Predictions, sides: Sequence[AnyArray]) -> Floats | None:
    """Flag the inputs whose prediction changes."""
    if isinstance(predictions, LabelPredictions):
        first, second = (predictions.labels[side] for side in sides)
        flags: Floats = (first != second).astype(np.float64)
        return flags
    if isinstance(predictions, SetPredictions) and predictions.sets is not None:
        one, other = (predictions.sets[side] for side in sides)
        changed: Floats = (one != other).any(axis=1).astype(np.float64)
        return changed
    return None


def _defined(value: float) -> float | None:
    return None if np.isnan(value) else value
