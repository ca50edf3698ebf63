"""Cohen's kappa."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from heldout.datasets.tasks import Family
from heldout.evaluation.class_draws import draw_class_counts
from heldout.evaluation.classwise import sum_by_code
from heldout.evaluation.data import MISSING, Floats, LabelPredictions, LabelReferences
from heldout.evaluation.metric import Metric, Number, ratio
from heldout.evaluation.stats import ExampleStats
from heldout.statistics.weights import Resampling


class Disagreement(StrEnum):
    """How far apart two classes are."""

    NONE = "none"
    LINEAR = "linear"
    QUADRATIC = "quadratic"


@dataclass(frozen=True)
class Kappa(Metric[LabelPredictions, LabelReferences]):
    """1 less disagreement over the disagreement expected of independent answers.

    Traps: undefined where chance alone agrees always, as when there is one class. Linear and
    quadratic weights take the declared order of the classes as their scale; a missing example is
    then as wrong as can be. Values from different mixes of classes cannot be compared.

    Attributes:
        weights: `none`, `linear` or `quadratic`.
    """

    id = "kappa"
    title = "Cohen's kappa"
    families = frozenset({Family.LABEL})
    needs = "labels"
    source = "scikit-learn cohen_kappa_score"
    undefined = "references and predictions are all of one class"
    accepts_missing = True

    weights: Disagreement = Disagreement.NONE

    @property
    def numbers(self) -> tuple[Number, ...]:
        """One number, 0 for chance."""
        return (Number(self.id, low=-1.0),)

    def per_example(
        self, predictions: LabelPredictions, references: LabelReferences
    ) -> ExampleStats:
        """Keep the cell of the confusion matrix; a missing prediction is a class of its own."""
        absent = len(references.classes)
        prediction = np.where(predictions.labels == MISSING, absent, predictions.labels)
        return self.stats(references, reference=references.labels, prediction=prediction)

    def reduce(self, stats: ExampleStats, weights: Floats) -> Floats:
        """Compare the observed disagreement with that of the marginal counts."""
        reference, prediction = stats.array("reference"), stats.array("prediction")
        size = len(stats.classes)
        cost = self._cost(size)
        observed = weights @ cost[reference, prediction]
        rows = sum_by_code(weights, reference, size)
        columns = sum_by_code(weights, prediction, size + 1)
        expected = ratio(((rows @ cost) * columns).sum(axis=1), weights.sum(axis=1))
        return 1 - ratio(observed, expected)[:, None]

    def resampled(self, stats: ExampleStats, resampling: Resampling) -> Floats | None:
        """Draw counts of classes, which are enough where all disagreements are alike."""
        if self.weights is not Disagreement.NONE:
            return None
        reference, prediction = stats.array("reference"), stats.array("prediction")
        counts = draw_class_counts(reference, prediction, len(stats.classes) + 1, resampling)
        if counts is None:
            return None
        n = float(resampling.n)
        expected = n - (counts.actual * counts.predicted).sum(axis=1) / n
        return 1 - ratio(n - counts.hits.sum(axis=1), expected)[:, None]

    def _cost(self, size: int) -> Floats:
        distance: Floats = np.abs(np.subtract.outer(np.arange(size), np.arange(size + 1.0)))
        distance[:, size] = max(size - 1, 1)
        power = {Disagreement.NONE: 0, Disagreement.LINEAR: 1, Disagreement.QUADRATIC: 2}
        return np.where(distance == 0, 0.0, distance ** power[self.weights])
