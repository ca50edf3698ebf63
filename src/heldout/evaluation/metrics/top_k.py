"""Top-k accuracy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heldout.datasets.tasks import Family
from heldout.errors import Problem
from heldout.evaluation.data import Codes, Flags, Floats, LabelPredictions, LabelReferences
from heldout.evaluation.metric import AdditiveMetric, Method, Number
from heldout.evaluation.stats import ExampleStats

#: Cells compared together: as many as the cache next to a core holds.
CELLS = 2**17


@dataclass(frozen=True)
class TopK(AdditiveMetric[LabelPredictions, LabelReferences]):
    """The share of examples whose reference is among the k best predictions.

    Traps: with scores, the reference's rank is how many classes score higher, and of equal scores
    those declared later rank higher, as in scikit-learn: counting only what is strictly higher
    would give a constant vector 100 %. A file of labels must have k of them.

    Attributes:
        k: How many predictions count, at least 1.
    """

    id = "top-k"
    title = "Top-k accuracy"
    families = frozenset({Family.LABEL})
    needs = "ranked labels or scores"
    source = "scikit-learn top_k_accuracy_score"
    interval = Method.WILSON
    accepts_missing = True

    k: int = 5

    def __post_init__(self) -> None:
        if self.k < 1:
            raise ValueError(f"k is {self.k}, which is less than 1")

    @property
    def numbers(self) -> tuple[Number, ...]:
        """One number, `top-5` for k = 5."""
        return (Number(f"top-{self.k}"),)

    def unmet(self, predictions: LabelPredictions) -> Iterator[Problem]:
        """Ask for k labels, unless there are scores."""
        yield from super().unmet(predictions)
        given = 1 if predictions.ranked is None else predictions.ranked.shape[1]
        if predictions.scores is None and given < self.k:
            labels = "1 label" if given == 1 else f"{given} labels"
            yield Problem(
                f"metric {self.key}",
                f"needs {self.k} labels per example, and the file has {labels}",
                f"give columns prediction_1 … prediction_{self.k}, or scores",
            )

    def per_example(
        self, predictions: LabelPredictions, references: LabelReferences
    ) -> ExampleStats:
        """Keep whether the reference is among the first k."""
        hit = _hit(predictions, references.labels, self.k) & ~predictions.missing
        return self.stats(references, terms=hit.astype(np.uint8))


def _hit(predictions: LabelPredictions, labels: Codes, k: int) -> Flags:
    if predictions.scores is not None:
        return np.asarray(ranks(predictions.scores, labels) < k)
    if predictions.ranked is not None:
        return np.asarray(np.any(predictions.ranked[:, :k] == labels[:, None], axis=1))
    return np.asarray(predictions.labels == labels)


def ranks(scores: Floats, labels: Codes) -> NDArray[np.int64]:
    """Return how many classes rank before each label: higher, or equal and declared later.

    The rows are compared in blocks that stay in the processor's cache, so the array is read once.
    """
    classes = scores.shape[1]
    before = np.empty(len(labels), dtype=np.int64)
    rows = max(1, CELLS // max(1, classes))
    higher, reached = (np.zeros((rows, -(-classes // 8) * 8), bool) for _ in range(2))
    for start in range(0, len(labels), rows):
        part, label = scores[start : start + rows], labels[start : start + rows, None]
        own = np.take_along_axis(part, label, axis=1)
        np.greater(part, own, out=higher[: len(part), :classes])
        np.greater_equal(part, own, out=reached[: len(part), :classes])
        found = _count(higher[: len(part)])
        tied = np.flatnonzero(_count(reached[: len(part)]) - found - 1)
        if len(tied):
            equal = part[tied] == own[tied]
            found[tied] += (equal & (np.arange(classes) > label[tied])).sum(axis=1)
        before[start : start + rows] = found
    return before


def _count(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count the true cells of each row, eight at a time: a byte holds 255 before it overflows."""
    lanes = flags.view(np.uint64)
    counts = np.zeros(len(flags), np.int64)
    for start in range(0, lanes.shape[1], 255):
        sums = lanes[:, start : start + 255].sum(axis=1)
        counts += sums.view(np.uint8).reshape(-1, 8).sum(axis=1, dtype=np.int64)
    return counts
