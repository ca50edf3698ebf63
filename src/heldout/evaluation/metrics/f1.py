"""F1 of one label per example."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.datasets.tasks import Family
from heldout.evaluation.class_draws import draw_class_counts
from heldout.evaluation.classwise import (
    ClassCounts,
    count_classes,
    f1,
    f1_mean,
    f1_steps,
    mean_of_defined,
    share_mean,
)
from heldout.evaluation.data import Floats, LabelPredictions, LabelReferences
from heldout.evaluation.metric import ClassMean, Method, Metric, Number, ratio
from heldout.evaluation.stats import ExampleStats
from heldout.statistics.weights import Resampling


@dataclass(frozen=True)
class F1(Metric[LabelPredictions, LabelReferences]):
    """2 TP / (2 TP + FP + FN) per class, averaged over classes (macro) or pooled (micro).

    Traps: the macro mean is over classes that occur among the references or the predictions, on
    every resample and in every subgroup anew; a class that is only predicted counts 0. Micro F1 of
    one label per example is accuracy, missing examples included.
    """

    id = "f1"
    title = "F1"
    families = frozenset({Family.LABEL})
    needs = "labels"
    source = "scikit-learn f1_score"
    interval = Method.CLASSES
    accepts_missing = True

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Macro and micro average."""
        return (Number("macro"), Number("micro"))

    def per_example(
        self, predictions: LabelPredictions, references: LabelReferences
    ) -> ExampleStats:
        """Keep the cell of the confusion matrix."""
        return self.stats(references, reference=references.labels, prediction=predictions.labels)

    def reduce(self, stats: ExampleStats, weights: Floats) -> Floats:
        """Count hits, predictions and references of each class."""
        reference, prediction = stats.array("reference"), stats.array("prediction")
        return _averages(count_classes(weights, reference, prediction, len(stats.classes)))

    def resampled(self, stats: ExampleStats, resampling: Resampling) -> Floats | None:
        """Draw counts of classes."""
        reference, prediction = stats.array("reference"), stats.array("prediction")
        counts = draw_class_counts(reference, prediction, len(stats.classes), resampling)
        return None if counts is None else _averages(counts)

    def class_means(self, stats: ExampleStats) -> tuple[ClassMean, ClassMean]:
        """Return the F1 of the classes, and the accuracy as the mean of a single one."""
        reference, prediction = stats.array("reference"), stats.array("prediction")
        every = np.ones((1, len(stats)))
        found = count_classes(every, reference, prediction, len(stats.classes))
        counts = ClassCounts(*(one[0] for one in found))
        hit, other = f1_steps(*counts)
        correct = reference == prediction
        wrong = other[reference] + np.where(prediction < 0, 0, other[prediction])
        macro = f1_mean(counts, np.where(correct, hit[reference], wrong))
        right, n = correct.sum(), len(stats)
        moved = (correct - right / max(1, n)) / max(1, n)
        return macro, share_mean(np.array([float(right)]), np.array([float(n)]), moved)


def _averages(counts: ClassCounts) -> Floats:
    micro = ratio(counts.hits.sum(axis=1), counts.actual.sum(axis=1))
    return np.stack([mean_of_defined(f1(*counts)), micro], axis=1)
