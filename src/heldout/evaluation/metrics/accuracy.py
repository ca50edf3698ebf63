"""Accuracy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.datasets.tasks import Family
from heldout.evaluation.data import LabelPredictions, LabelReferences
from heldout.evaluation.metric import AdditiveMetric, Method
from heldout.evaluation.stats import ExampleStats


@dataclass(frozen=True)
class Accuracy(AdditiveMetric[LabelPredictions, LabelReferences]):
    """The share of examples whose predicted label is the reference.

    Traps: with a rare class, a constant answer scores high; look at balanced accuracy too. Of equal
    largest scores the first declared class is the prediction.
    """

    id = "accuracy"
    title = "Accuracy"
    families = frozenset({Family.LABEL})
    needs = "labels"
    source = "scikit-learn accuracy_score"
    interval = Method.WILSON
    accepts_missing = True

    def per_example(
        self, predictions: LabelPredictions, references: LabelReferences
    ) -> ExampleStats:
        """Keep whether the prediction is right."""
        correct = predictions.labels == references.labels
        return self.stats(references, terms=correct.astype(np.uint8))
