"""Root mean squared error."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from heldout.datasets.tasks import Family
from heldout.evaluation.data import Floats, NumberPredictions, NumberReferences
from heldout.evaluation.metric import AdditiveMetric, Method, Number, ratio
from heldout.evaluation.stats import ExampleStats


@dataclass(frozen=True)
class RootMeanSquaredError(AdditiveMetric[NumberPredictions, NumberReferences]):
    """The root of the mean squared error, in the reference's unit.

    Traps: a few large errors decide it. The value of the whole is not the mean of its subgroups'.
    """

    id = "rmse"
    title = "Root mean squared error"
    families = frozenset({Family.NUMBER})
    needs = "numbers"
    source = "scikit-learn root_mean_squared_error"
    interval = Method.JACKKNIFE

    @property
    def numbers(self) -> tuple[Number, ...]:
        """One number, from 0 upwards; lower is better."""
        return (Number(self.id, high=math.inf, higher_is_better=False),)

    def per_example(
        self, predictions: NumberPredictions, references: NumberReferences
    ) -> ExampleStats:
        """Keep the squared error."""
        return self.stats(references, terms=np.square(predictions.values - references.values))

    def finish(self, totals: Floats, weight: Floats) -> Floats:
        """Take the root of the mean."""
        return np.sqrt(ratio(totals, weight[..., None]))
