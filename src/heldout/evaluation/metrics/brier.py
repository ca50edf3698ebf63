"""Brier score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.datasets.tasks import Family
from heldout.evaluation.data import LabelPredictions, LabelReferences
from heldout.evaluation.metric import AdditiveMetric, Method, Number
from heldout.evaluation.requirements import require_probabilities
from heldout.evaluation.stats import ExampleStats


@dataclass(frozen=True)
class Brier(AdditiveMetric[LabelPredictions, LabelReferences]):
    """The mean squared distance of the probabilities from the truth, summed over the classes.

    Traps: with more than two classes it goes up to 2; with two it is halved, so that it is the
    squared error of either probability and goes up to 1. Scores are taken as they are.
    """

    id = "brier"
    title = "Brier score"
    families = frozenset({Family.LABEL})
    needs = "probabilities"
    requires = (require_probabilities,)
    source = "scikit-learn brier_score_loss"
    interval = Method.JACKKNIFE

    @property
    def numbers(self) -> tuple[Number, ...]:
        """One number; lower is better."""
        return (Number(self.id, high=2.0, higher_is_better=False),)

    def per_example(
        self, predictions: LabelPredictions, references: LabelReferences
    ) -> ExampleStats:
        """Keep the squared distance of each example."""
        scores = predictions.scores
        assert scores is not None
        own = np.take_along_axis(scores, references.labels[:, None], axis=1)[:, 0]
        distance = np.square(scores).sum(axis=1) + np.square(own - 1) - np.square(own)
        scale = 0.5 if len(references.classes) == 2 else 1.0
        return self.stats(references, terms=np.maximum(scale * distance, 0.0))
