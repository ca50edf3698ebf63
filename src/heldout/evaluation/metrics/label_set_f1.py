"""F1 of a set of labels per example."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from heldout.datasets.tasks import Family
from heldout.errors import Problem
from heldout.evaluation.classwise import ClassCounts, f1, f1_mean, f1_steps, mean_of_defined
from heldout.evaluation.data import Flags, Floats, SetPredictions, SetReferences
from heldout.evaluation.metric import AdditiveMetric, ClassMean, Method, Number
from heldout.evaluation.stats import ExampleStats


@dataclass(frozen=True)
class LabelSetF1(AdditiveMetric[SetPredictions, SetReferences]):
    """2 TP / (2 TP + FP + FN) per class, averaged over classes (macro) or pooled (micro).

    Traps: a class that is neither predicted nor actual leaves the macro mean, where scikit-learn
    counts 0 unless told otherwise. A missing example is an empty set, which is right where the
    reference is empty too: it then counts nothing either way.

    Attributes:
        threshold: Where the file has scores only, the score from which on a label is predicted.
    """

    id = "f1"
    title = "F1"
    families = frozenset({Family.LABEL_SET})
    needs = "label sets or scores"
    source = "scikit-learn f1_score with zero_division nan"
    undefined = "no label is predicted or actual"
    interval = Method.CLASSES
    accepts_missing = True

    threshold: float = 0.5

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Macro and micro average."""
        return (Number("macro"), Number("micro"))

    def unmet(self, predictions: SetPredictions) -> Iterator[Problem]:
        """Ask for a threshold that scores can reach."""
        yield from super().unmet(predictions)
        if not np.isfinite(self.threshold):
            yield Problem(f"metric {self.key}", "the threshold is not a finite number", "give one")

    def per_example(self, predictions: SetPredictions, references: SetReferences) -> ExampleStats:
        """Keep for each class whether it is predicted (1) and whether it is actual (2)."""
        predicted = _members(predictions, self.threshold) & ~predictions.missing[:, None]
        state = predicted.astype(np.uint8) + 2 * references.sets.astype(np.uint8)
        return self.stats(references, state=state)

    def terms(self, stats: ExampleStats) -> Floats:
        """Count hits, predictions and references of each class, side by side."""
        state = stats.array("state")
        counts = np.concatenate([state == 3, state & 1, state >> 1], axis=1)
        return counts.astype(np.float64)

    def finish(self, totals: Floats, weight: Floats) -> Floats:
        """Average over the classes, and pool them."""
        hits, predicted, actual = np.split(totals, 3, axis=-1)
        macro = mean_of_defined(f1(hits, predicted, actual))
        micro = f1(hits.sum(axis=-1), predicted.sum(axis=-1), actual.sum(axis=-1))
        return np.stack([macro, micro], axis=-1)

    def class_means(self, stats: ExampleStats) -> tuple[ClassMean, ClassMean]:
        """Return the F1 of the classes, and the pooled one as that of a single class."""
        terms = self.terms(stats)
        pooled = np.stack([part.sum(axis=1) for part in np.split(terms, 3, axis=1)], axis=1)
        return _f1_of(terms), _f1_of(pooled)


def _f1_of(terms: Floats) -> ClassMean:
    """Average over classes, from the hits, predictions and references of each example."""
    counts = ClassCounts(*np.split(terms.sum(axis=0), 3))
    hit, other = f1_steps(*counts)
    hits, predicted, actual = np.split(terms, 3, axis=1)
    moved = hits @ hit + (predicted + actual - 2 * hits) @ other
    return f1_mean(counts, moved)


def _members(predictions: SetPredictions, threshold: float) -> Flags:
    if predictions.sets is not None:
        return predictions.sets
    assert predictions.scores is not None
    return predictions.scores >= threshold
