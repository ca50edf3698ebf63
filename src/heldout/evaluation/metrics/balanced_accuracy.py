"""Balanced accuracy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.datasets.tasks import Family
from heldout.evaluation.class_draws import draw_class_counts
from heldout.evaluation.classwise import mean_of_defined, share_mean, sum_by_code
from heldout.evaluation.data import MISSING, Floats, LabelPredictions, LabelReferences
from heldout.evaluation.metric import ClassMean, Method, Metric, ratio
from heldout.evaluation.stats import ExampleStats
from heldout.statistics.weights import Resampling


@dataclass(frozen=True)
class BalancedAccuracy(Metric[LabelPredictions, LabelReferences]):
    """The mean over classes of the share of their examples that are predicted right.

    Traps: the mean is over the classes that occur among the references, on every resample and in
    every subgroup anew.
    """

    id = "balanced-accuracy"
    title = "Balanced accuracy"
    families = frozenset({Family.LABEL})
    needs = "labels"
    source = "scikit-learn balanced_accuracy_score"
    interval = Method.CLASSES
    accepts_missing = True

    def per_example(
        self, predictions: LabelPredictions, references: LabelReferences
    ) -> ExampleStats:
        """Keep the reference and whether it was found."""
        correct = predictions.labels == references.labels
        return self.stats(references, reference=references.labels, correct=correct)

    def reduce(self, stats: ExampleStats, weights: Floats) -> Floats:
        """Average the recall of the classes."""
        reference, correct = stats.array("reference"), stats.array("correct")
        size = len(stats.classes)
        counts = sum_by_code(weights, 2 * reference.astype(np.intp) + correct, 2 * size)
        misses, hits = counts[:, ::2], counts[:, 1::2]
        return mean_of_defined(ratio(hits, misses + hits))[:, None]

    def resampled(self, stats: ExampleStats, resampling: Resampling) -> Floats | None:
        """Draw counts of classes."""
        reference, correct = stats.array("reference"), stats.array("correct")
        prediction = np.where(correct, reference, MISSING)
        counts = draw_class_counts(reference, prediction, len(stats.classes), resampling)
        if counts is None:
            return None
        return mean_of_defined(ratio(counts.hits, counts.actual))[:, None]

    def class_means(self, stats: ExampleStats) -> tuple[ClassMean]:
        """Return the recall of the classes."""
        reference, correct = stats.array("reference"), stats.array("correct")
        size = len(stats.classes)
        trials = np.bincount(reference, minlength=size).astype(np.float64)
        hits = np.bincount(reference, correct, minlength=size).astype(np.float64)
        recall, times = ratio(hits, trials)[reference], trials[reference]
        return (share_mean(hits, trials, (correct - recall) / times),)
