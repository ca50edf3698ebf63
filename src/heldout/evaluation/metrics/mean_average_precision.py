"""Mean average precision of label sets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.datasets.tasks import Family
from heldout.evaluation.classwise import mean_of_defined, share_limits
from heldout.evaluation.data import Floats, SetPredictions, SetReferences
from heldout.evaluation.metric import ClassMean, Method, Metric
from heldout.evaluation.requirements import require_scores
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.ties import average_precision, average_precision_moved


@dataclass(frozen=True)
class MeanAveragePrecision(Metric[SetPredictions, SetReferences]):
    """The mean over classes of the precision at each reference, best scores first.

    Traps: there is no interpolation. Examples of equal score come in together. A class without a
    reference leaves the mean, where scikit-learn counts 0. The values of random scores are the
    shares of the classes, so those of different splits cannot be compared.
    """

    id = "mean-average-precision"
    title = "Mean average precision"
    families = frozenset({Family.LABEL_SET})
    needs = "scores"
    requires = (require_scores,)
    source = "scikit-learn average_precision_score"
    interval = Method.CLASSES
    undefined = "no label occurs among the references"

    def per_example(self, predictions: SetPredictions, references: SetReferences) -> ExampleStats:
        """Keep references and scores: no sum over examples says enough."""
        assert predictions.scores is not None
        return self.stats(references, reference=references.sets, scores=predictions.scores)

    def reduce(self, stats: ExampleStats, weights: Floats) -> Floats:
        """Average the average precision of the classes."""
        reference, scores = stats.array("reference"), stats.array("scores")
        values = [
            average_precision(weights, scores[:, one], reference[:, one])
            for one in range(len(stats.classes))
        ]
        return mean_of_defined(np.stack(values, axis=1))[:, None]

    def class_means(self, stats: ExampleStats) -> tuple[ClassMean]:
        """Return the average precision of each class that occurs, with a jackknife interval."""
        reference, scores = stats.array("reference"), stats.array("scores")
        total, apart, rows = np.zeros(len(stats)), 0.0, []
        positives = reference.sum(axis=0)
        for one in np.flatnonzero(positives):
            value, moved = average_precision_moved(scores[:, one], reference[:, one])
            rows.append((value, *share_limits(value, moved, int(positives[one]))))
            total += moved
            apart += float(np.square(moved).sum())
        values, low, high = np.array(rows).reshape(-1, 3).T
        sizes = positives[positives > 0].astype(np.float64)
        return (ClassMean(values, low, high, total, apart, sizes),)
