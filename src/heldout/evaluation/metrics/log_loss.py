"""Log loss."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from heldout.datasets.tasks import Family
from heldout.evaluation.data import LabelPredictions, LabelReferences
from heldout.evaluation.metric import AdditiveMetric, Method, Number
from heldout.evaluation.requirements import require_probabilities
from heldout.evaluation.stats import ExampleStats


@dataclass(frozen=True)
class LogLoss(AdditiveMetric[LabelPredictions, LabelReferences]):
    """The mean of minus the natural logarithm of the reference's probability.

    Traps: a probability of 0 counts as 2.2e-16, so one sure mistake costs 36. Each row is divided
    by its sum, since otherwise a row of ones would be perfect.
    """

    id = "log-loss"
    title = "Log loss"
    families = frozenset({Family.LABEL})
    needs = "probabilities"
    requires = (require_probabilities,)
    source = "scikit-learn log_loss"
    interval = Method.JACKKNIFE

    @property
    def numbers(self) -> tuple[Number, ...]:
        """One number, from 0 upwards; lower is better."""
        return (Number(self.id, high=math.inf, higher_is_better=False),)

    def per_example(
        self, predictions: LabelPredictions, references: LabelReferences
    ) -> ExampleStats:
        """Keep the loss of each example."""
        scores = predictions.scores
        assert scores is not None
        own = np.take_along_axis(scores, references.labels[:, None], axis=1)[:, 0]
        tiny = np.finfo(np.float64).eps
        probability = np.clip(own / scores.sum(axis=1), tiny, 1 - tiny)
        return self.stats(references, terms=-np.log(probability))
