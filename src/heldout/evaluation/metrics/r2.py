"""Coefficient of determination."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from heldout.datasets.tasks import Family
from heldout.evaluation.data import Floats, NumberPredictions, NumberReferences
from heldout.evaluation.metric import AdditiveMetric, Number, ratio
from heldout.evaluation.stats import ExampleStats

FLAT = 1e-14  # A spread this small, relative to the squares it is the difference of, is rounding.


@dataclass(frozen=True)
class R2(AdditiveMetric[NumberPredictions, NumberReferences]):
    """1 less the squared errors over those of the references' own mean.

    Traps: negative where the mean would have done better, without a lower bound. Undefined where
    all references are equal, where scikit-learn says 0 or 1. It depends on the spread of the
    references, so a subgroup of similar examples scores low.
    """

    id = "r2"
    title = "Coefficient of determination"
    families = frozenset({Family.NUMBER})
    needs = "numbers"
    source = "scikit-learn r2_score"
    undefined = "all references are equal"

    @property
    def numbers(self) -> tuple[Number, ...]:
        """One number, at most 1."""
        return (Number(self.id, low=-math.inf),)

    def per_example(
        self, predictions: NumberPredictions, references: NumberReferences
    ) -> ExampleStats:
        """Keep the squared error, and the reference less the mean, itself and squared."""
        values = references.values
        centred = values - (values.mean() if len(values) else 0.0)
        error = np.square(predictions.values - values)
        return self.stats(references, terms=np.stack([error, centred, centred**2], axis=1))

    def finish(self, totals: Floats, weight: Floats) -> Floats:
        """Compare the errors with the spread."""
        error, linear, squares = np.moveaxis(totals, -1, 0)
        spread = squares - ratio(linear * linear, weight)
        spread = np.where(spread > FLAT * squares, spread, 0.0)
        return 1 - ratio(error, spread)[..., None]
