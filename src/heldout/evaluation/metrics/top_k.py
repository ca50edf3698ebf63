"""Top-k accuracy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from heldout.datasets.tasks import Family
from heldout.errors import Problem
from heldout.evaluation.data import Flags, LabelPredictions, LabelReferences
from heldout.evaluation.metric import AdditiveMetric, Method, Number
from heldout.evaluation.ranks import ranks_of
from heldout.evaluation.stats import ExampleStats


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
        hit = _hit(predictions, references, self.k) & ~predictions.missing
        return self.stats(references, terms=hit.astype(np.uint8))


def _hit(predictions: LabelPredictions, references: LabelReferences, k: int) -> Flags:
    if predictions.scores is not None:
        return np.asarray(ranks_of(predictions, references) < k)
    labels = references.labels
    if predictions.ranked is not None:
        return np.asarray(np.any(predictions.ranked[:, :k] == labels[:, None], axis=1))
    return np.asarray(predictions.labels == labels)
