"""Precision over recall, on one grid of recalls for every task."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from heldout.evaluation.classwise import mean_of_defined
from heldout.evaluation.data import (
    Flags,
    Floats,
    LabelPredictions,
    LabelReferences,
    Predictions,
    References,
    SetPredictions,
    SetReferences,
)
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.ties import average_precision
from heldout.evaluation.vision.average_precision import AveragePrecision

RECALLS = np.linspace(0, 1, 101)
EVERY_CLASS = "(all classes)"
MOST_CLASSES = 100  # With more, only the curve over all of them is kept.
_DIGITS = 6


class PrecisionRecall(msgspec.Struct, frozen=True):
    """One curve.

    Attributes:
        name: The class, or `EVERY_CLASS`; `class` in JSON.
        metric: The metric of detections it belongs to; empty where examples are ranked by scores.
        threshold: The overlap from which a detection is right; None where there is no such thing.
        n: Examples or objects to be found; None where classes are averaged.
        average_precision: The area under it as the metric reckons it; None where undefined.
        precision: At the recalls 0, 0.01 … 1. Of detections: the best at that recall or more, 0
            where the recall is not reached. Of scores: at the first threshold that reaches it.
    """

    name: str = msgspec.field(name="class")
    metric: str
    threshold: float | None
    n: int | None
    average_precision: float | None
    precision: tuple[float, ...]


def curves_of_scores(
    predictions: Predictions, references: References
) -> tuple[PrecisionRecall, ...]:
    """Return the curve of each class against all others; none without scores.

    The curve over all classes pools their decisions: scikit-learn's average `micro`. Of two classes
    each has its own curve, and they differ.
    """
    truth, scores = _flags(references), _scores(predictions)
    if truth is None or scores is None:
        return ()
    found = [_of_flags(EVERY_CLASS, truth.ravel(), scores.ravel())]
    if truth.shape[1] <= MOST_CLASSES:
        found += [
            _of_flags(name, truth[:, code], scores[:, code])
            for code, name in enumerate(references.classes)
        ]
    return tuple(one for one in found if one is not None)


def _flags(references: References) -> Flags | None:
    if isinstance(references, SetReferences):
        return references.sets
    if isinstance(references, LabelReferences):
        flags: Flags = references.labels[:, None] == np.arange(len(references.classes))
        return flags
    return None


def _scores(predictions: Predictions) -> Floats | None:
    if isinstance(predictions, LabelPredictions | SetPredictions):
        return predictions.scores
    return None


def _of_flags(name: str, truth: Flags, scores: Floats) -> PrecisionRecall | None:
    positives = int(truth.sum())
    if not positives:
        return None
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.diff(scores[order]) != 0, True)  # Equal scores come in together.
    right = np.cumsum(truth[order])[last]
    taken = (np.flatnonzero(last) + 1).astype(np.float64)
    first = np.searchsorted(right, np.maximum(np.ceil(RECALLS * positives - 1e-9), 1))
    area = float(average_precision(np.ones((1, len(truth))), scores, truth)[0])
    return _curve(name, right[first] / taken[first], area, n=positives)


def curves_of_detections(stats: ExampleStats) -> tuple[PrecisionRecall, ...]:
    """Return the curves of an average precision over images, at its lowest overlap.

    COCO's AP averages over overlaps from 0.5 to 0.95; the curve over all classes is therefore drawn
    at each of 0.5, 0.75 and 0.95 that the metric has. It is the mean over the classes with an
    object, at each recall.

    Raises:
        TypeError: The statistics are of another kind of metric.
    """
    metric = stats.metric
    if not isinstance(metric, AveragePrecision):
        raise TypeError(f"{metric.key} is no average precision of detections")
    thresholds = metric.rules().thresholds
    shown = [i for i, one in enumerate(thresholds) if round(one, 2) in (0.5, 0.75, 0.95)]
    found = []
    for at in shown:
        table = np.stack(
            [_of_category(metric, stats, code, at) for code in range(len(stats.classes))]
        )
        threshold = round(thresholds[at], 2)
        mean = mean_of_defined(table.T)
        if np.isnan(mean).any():
            return ()
        areas = table.mean(axis=1) if len(thresholds) > 1 else metric.per_class(stats)[:, 0]
        area = float(mean_of_defined(areas))
        found.append(_curve(EVERY_CLASS, mean, area, metric=metric.key, threshold=threshold))
        if at == shown[0] and len(table) <= MOST_CLASSES:
            found += [
                _curve(name, row, float(area), metric=metric.key, threshold=threshold)
                for name, row, area in zip(stats.classes, table, areas, strict=True)
                if not np.isnan(row).any()
            ]
    return tuple(found)


def _of_category(
    metric: AveragePrecision, stats: ExampleStats, category: int, threshold: int
) -> Floats:
    """Return the precision at each recall; NaN where no object of the category counts."""
    try:
        recall, precision = metric.curve(stats, category, threshold)
    except ValueError:
        return np.full(len(RECALLS), np.nan)
    reached = np.searchsorted(recall, RECALLS, side="left")
    return np.append(precision, 0.0)[reached]


def _curve(
    name: str,
    precision: Floats,
    area: float,
    *,
    metric: str = "",
    threshold: float | None = None,
    n: int | None = None,
) -> PrecisionRecall:
    kept = tuple(np.round(precision, _DIGITS).tolist())
    return PrecisionRecall(name, metric, threshold, n, None if math.isnan(area) else area, kept)
