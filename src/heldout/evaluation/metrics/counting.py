"""How well objects are counted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from heldout.datasets.tasks import Family
from heldout.evaluation.data import Floats, NumberPredictions, NumberReferences
from heldout.evaluation.metric import AdditiveMetric, Method, Number, ratio
from heldout.evaluation.stats import ExampleStats


@dataclass(frozen=True)
class Counting(AdditiveMetric[NumberPredictions, NumberReferences]):
    """Mean absolute error, root mean square error and the share of counts that are exact.

    Traps: predictions are not rounded, so that 2.9 is not exact for 3. RMSE is the error of the
    largest counts: look at it by the size of the true count too.
    """

    id = "counting"
    title = "Counting"
    families = frozenset({Family.NUMBER})
    needs = "numbers"
    source = "scikit-learn mean_absolute_error, root_mean_squared_error, accuracy_score"
    interval = Method.JACKKNIFE

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Two errors, from 0 upwards, and a share."""
        return (
            Number("MAE", high=math.inf, higher_is_better=False),
            Number("RMSE", high=math.inf, higher_is_better=False),
            Number("exact"),
        )

    def per_example(
        self, predictions: NumberPredictions, references: NumberReferences
    ) -> ExampleStats:
        """Keep the error, its square and whether it is none."""
        error = np.abs(predictions.values - references.values)
        return self.stats(references, terms=np.stack([error, error**2, error == 0], axis=1))

    def finish(self, totals: Floats, weight: Floats) -> Floats:
        """Average, and take the root of the squares."""
        means = ratio(totals, weight[..., None])
        means[..., 1] = np.sqrt(means[..., 1])
        return means
