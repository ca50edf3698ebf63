"""Spearman's rank correlation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.datasets.tasks import Family
from heldout.evaluation.data import Floats, NumberPredictions, NumberReferences
from heldout.evaluation.metric import Metric, Number, ratio
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.ties import midranks, order_of

ALL = slice(None)


@dataclass(frozen=True)
class Spearman(Metric[NumberPredictions, NumberReferences]):
    """The correlation of the ranks of predictions and references; equal values share their rank.

    Traps: it sees order only, so predictions in another unit score the same. Undefined where all
    predictions or all references are equal.
    """

    id = "spearman"
    title = "Spearman's rank correlation"
    families = frozenset({Family.NUMBER})
    needs = "numbers"
    source = "scipy.stats.spearmanr"
    undefined = "all predictions or all references are equal"

    @property
    def numbers(self) -> tuple[Number, ...]:
        """One number, 0 where there is no order in common."""
        return (Number(self.id, low=-1.0),)

    def per_example(
        self, predictions: NumberPredictions, references: NumberReferences
    ) -> ExampleStats:
        """Keep both numbers: ranks depend on the other examples."""
        return self.stats(references, prediction=predictions.values, reference=references.values)

    def reduce(self, stats: ExampleStats, weights: Floats) -> Floats:
        """Correlate the ranks under each row of weights."""
        if not len(stats):
            return np.full((len(weights), 1), np.nan)
        centre = weights.sum(axis=1, keepdims=True) / 2
        first = midranks(weights, order_of(stats.array("prediction")), ALL) - centre
        second = midranks(weights, order_of(stats.array("reference")), ALL) - centre
        shared = _weighted_sum(weights, first, second)
        spread = _weighted_sum(weights, first, first) * _weighted_sum(weights, second, second)
        return np.clip(ratio(shared, np.sqrt(spread)), -1, 1)[:, None]


def _weighted_sum(weights: Floats, first: Floats, second: Floats) -> Floats:
    return np.asarray(np.einsum("rn,rn,rn->r", weights, first, second))
