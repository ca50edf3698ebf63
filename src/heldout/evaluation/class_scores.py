"""Numbers of each class where a metric averages over classes, with intervals."""

from __future__ import annotations

import math

import numpy as np

from heldout.evaluation.data import AnyArray, Floats
from heldout.evaluation.metric import Method, ratio
from heldout.evaluation.metrics.miou import MeanIoU
from heldout.evaluation.stats import ExampleStats, Ragged
from heldout.evaluation.subgroups import SubgroupScore
from heldout.evaluation.uncertainty import bootstrap_interval, why_no_bootstrap
from heldout.evaluation.vision.accumulation import Summary
from heldout.evaluation.vision.average_precision import AveragePrecision
from heldout.statistics.intervals import Interval
from heldout.statistics.weights import Resampling

CLASS = "class"
IOU = "IoU"
BLOCK = 64  # Resamples held at a time.
FEW_RESAMPLES = 200  # Enough for a standard error of each class.


def score_classes(stats: ExampleStats, resampling: Resampling) -> tuple[SubgroupScore, ...]:
    """Score every class of an average precision of detections, or of a mean IoU.

    The number of a class is what the metric averages over: its AP with the same cuts, its IoU of
    pixels. Intervals of AP are made as the metric's own, those of IoU are the value ± 1.96 times its
    spread over resamples of the images; a class that is not on every resample has none.

    Args:
        stats: Of all images.
        resampling: Of the images.

    Returns:
        By class, then by number; `n` counts the objects of the class, for IoU the images that have
        it. Nothing for any other metric.
    """
    metric = stats.metric
    if isinstance(metric, AveragePrecision):
        return _rows(stats, metric.names, _objects(stats), resampling)
    if isinstance(metric, MeanIoU):
        actual = _pixels(stats)[:, 1] > 0
        return _rows(stats, (IOU,), actual.sum(axis=0), resampling)
    return ()


def _rows(
    stats: ExampleStats, names: tuple[str, ...], counts: AnyArray, resampling: Resampling
) -> tuple[SubgroupScore, ...]:
    values = _reduce(stats, np.ones((1, len(stats))))[0]
    reason = "intervals were not asked for" if not resampling.replicates else ""
    reason = reason or why_no_bootstrap(stats.metric.interval, resampling)  # type: ignore[attr-defined]
    drawn = None
    if not reason:
        blocks = [_reduce(stats, weights) for weights in resampling.blocks(BLOCK)]
        drawn = np.concatenate(blocks)
    return tuple(
        _row(stats, class_name, name, float(values[code, i]), int(counts[code]),
             None if drawn is None else drawn[:, code, i], reason)
        for code, class_name in enumerate(stats.classes)
        for i, name in enumerate(names)
    )  # fmt: skip


def _row(
    stats: ExampleStats,
    class_name: str,
    name: str,
    value: float,
    n: int,
    drawn: Floats | None,
    reason: str,
) -> SubgroupScore:
    interval: Interval | None = None
    if math.isnan(value):
        reason = "no object of it counts here" if n else "it does not occur"
    elif drawn is not None:
        kind = stats.metric.interval if name != IOU else Method.STANDARD_ERROR  # type: ignore[attr-defined]
        interval = bootstrap_interval(kind, value, drawn)[0]
        reason = "" if interval else "some resamples have none of it"
    return SubgroupScore(
        subgroup={CLASS: class_name},
        metric=stats.metric.key,
        name=name,
        value=None if math.isnan(value) else value,
        low=max(0.0, interval.low) if interval else None,
        high=min(1.0, interval.high) if interval else None,
        n=n,
        suppressed=False,
        reason=reason,
    )


def _reduce(stats: ExampleStats, weights: Floats) -> Floats:
    """Return (replicates, classes, names)."""
    metric = stats.metric
    if isinstance(metric, AveragePrecision):
        return _average_precisions(metric, stats, weights)
    terms = _pixels(stats).reshape(len(stats), -1).astype(np.float64)
    totals = (weights @ terms).reshape(len(weights), 3, -1)
    right, actual, predicted = totals[:, 0], totals[:, 1], totals[:, 2]
    return ratio(right, actual + predicted - right)[:, :, None]


def _average_precisions(metric: AveragePrecision, stats: ExampleStats, weights: Floats) -> Floats:
    """Average as the metric does, over one class at a time."""
    summary = metric.summarise(stats, weights)
    size = summary.precision.shape[2]
    alone = Summary(*(_one_at_a_time(one) for one in summary))
    numbers = np.stack(metric.numbers_of(alone), axis=1)
    return numbers.reshape(len(weights), size, -1)


def _one_at_a_time(values: Floats) -> Floats:
    """Turn (r, cuts, classes, thresholds) into (r × classes, cuts, 1, thresholds)."""
    swapped = values.swapaxes(1, 2)
    return swapped.reshape(-1, *swapped.shape[2:])[:, :, None]


def _objects(stats: ExampleStats) -> AnyArray:
    """Count the objects of each class that count in some range of areas."""
    category, counts = stats.arrays["true_category"], stats.arrays["counts"]
    assert isinstance(category, Ragged)
    assert isinstance(counts, Ragged)
    found = category.values[counts.values != 0]
    return np.bincount(found, minlength=len(stats.classes))


def _pixels(stats: ExampleStats) -> AnyArray:
    """Return (n, 3, classes) pixels that are right, that there are, that are predicted."""
    return stats.array("terms").reshape(len(stats), 3, -1)
