"""Whether an entrant is right as often as it is sure: the data of a reliability diagram."""

from __future__ import annotations

import msgspec
import numpy as np

from heldout.evaluation.data import LabelPredictions, LabelReferences
from heldout.statistics.intervals import Interval
from heldout.statistics.proportions import wilson

BINS = 15


class Bin(msgspec.Struct, frozen=True):
    """The examples whose confidence is above `low` and at most `high`.

    Attributes:
        low: Lower edge.
        high: Upper edge.
        n: Number of examples.
        confidence: Their mean confidence; None without examples.
        accuracy: The share of them that are right; None without examples.
        interval: Of the accuracy, by Wilson; None without examples, or where they hang together.
    """

    low: float
    high: float
    n: int
    confidence: float | None
    accuracy: float | None
    interval: Interval | None


def reliability(
    predictions: LabelPredictions,
    references: LabelReferences,
    *,
    bins: int = BINS,
    independent: bool = True,
) -> tuple[Bin, ...]:
    """Sort examples by the largest of their scores into bins of equal width; missing ones have none.

    The mean gap between confidence and accuracy, weighted by n, is the metric `ece` of as many
    bins. Bins of few examples stray from the diagonal by chance: look at their intervals.

    Source: C. Guo and others, "On calibration of modern neural networks", ICML (2017).

    Args:
        predictions: With scores that are probabilities.
        references: The answers.
        bins: How many.
        independent: Whether examples stand for themselves; else there are no intervals.

    Raises:
        ValueError: There are no scores.
    """
    if predictions.scores is None:
        raise ValueError("without scores there is no confidence")
    scores = predictions.scores[~predictions.missing]
    confidence = scores.max(axis=1, initial=0.0)
    right = scores.argmax(axis=1) == references.labels[~predictions.missing]
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    sure = np.bincount(place, confidence, minlength=bins)
    hits = np.bincount(place, right, minlength=bins)
    return tuple(
        _bin(float(edges[i]), float(edges[i + 1]), int(counts[i]), float(sure[i]), int(hits[i]),
             independent=independent)
        for i in range(bins)
    )  # fmt: skip


def _bin(low: float, high: float, n: int, sure: float, hits: int, *, independent: bool) -> Bin:
    if not n:
        return Bin(low, high, 0, None, None, None)
    return Bin(low, high, n, sure / n, hits / n, wilson(hits, n) if independent else None)
