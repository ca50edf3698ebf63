"""Mean absolute error."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from heldout.datasets.tasks import Family
from heldout.evaluation.data import NumberPredictions, NumberReferences
from heldout.evaluation.metric import AdditiveMetric, Method, Number
from heldout.evaluation.stats import ExampleStats


@dataclass(frozen=True)
class MeanAbsoluteError(AdditiveMetric[NumberPredictions, NumberReferences]):
    """The mean distance between prediction and reference, in the reference's unit.

    Traps: its best constant answer is the median, not the mean.
    """

    id = "mae"
    title = "Mean absolute error"
    families = frozenset({Family.NUMBER})
    needs = "numbers"
    source = "scikit-learn mean_absolute_error"
    interval = Method.JACKKNIFE

    @property
    def numbers(self) -> tuple[Number, ...]:
        """One number, from 0 upwards; lower is better."""
        return (Number(self.id, high=math.inf, higher_is_better=False),)

    def per_example(
        self, predictions: NumberPredictions, references: NumberReferences
    ) -> ExampleStats:
        """Keep the absolute error."""
        return self.stats(references, terms=np.abs(predictions.values - references.values))
