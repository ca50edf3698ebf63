"""Area under the ROC curve."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from heldout.datasets.tasks import Family
from heldout.evaluation.classwise import mean_of_defined
from heldout.evaluation.data import Flags, Floats, LabelPredictions, LabelReferences
from heldout.evaluation.metric import ClassMean, Method, Metric, ratio
from heldout.evaluation.requirements import require_scores
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.ties import midranks, order_of
from heldout.statistics.areas import newcombe

ALL = slice(None)


@dataclass(frozen=True)
class Auroc(Metric[LabelPredictions, LabelReferences]):
    """The chance that an example of a class scores higher for it than one of another class.

    Equal scores count half. With more than two classes: the mean over classes, each against all
    others. With two: the score of the second declared class, as scikit-learn takes the greater
    label.

    Traps: a class that does not occur among the references leaves the mean, on every resample and
    in every subgroup anew. Scores need not be probabilities.
    """

    id = "auroc"
    title = "Area under the ROC curve"
    families = frozenset({Family.LABEL})
    needs = "scores"
    requires = (require_scores,)
    source = "scikit-learn roc_auc_score with multi_class ovr"
    interval = Method.CLASSES
    undefined = "all references are of one class"

    def per_example(
        self, predictions: LabelPredictions, references: LabelReferences
    ) -> ExampleStats:
        """Keep reference and scores: no sum over examples says enough."""
        assert predictions.scores is not None
        return self.stats(references, reference=references.labels, scores=predictions.scores)

    def class_means(self, stats: ExampleStats) -> tuple[ClassMean]:
        """Return the area of each class, with Newcombe's interval."""
        reference, scores = stats.array("reference"), stats.array("scores")
        total, apart = np.zeros(len(stats)), 0.0
        areas, positives = [], []
        for one in self._classes(len(stats.classes)):
            flags = reference == one
            if 0 < flags.sum() < len(flags):
                area, moved = _placements(scores[:, one], flags)
                areas.append(area)
                positives.append(int(flags.sum()))
                total += moved
                apart += float(np.square(moved).sum())
        values, above = np.array(areas), np.array(positives, dtype=np.int64)
        below = len(stats) - above
        low, high = newcombe(values, above, below) if areas else (values, values)
        return (
            ClassMean(values, low, high, total, apart, np.minimum(above, below).astype(np.float64)),
        )

    def _classes(self, size: int) -> Iterable[int]:
        return [1] if size == 2 else range(size)

    def reduce(self, stats: ExampleStats, weights: Floats) -> Floats:
        """Average the areas of the classes."""
        reference, scores = stats.array("reference"), stats.array("scores")
        chosen = self._classes(len(stats.classes))
        areas = [_area(weights, scores[:, one], reference == one) for one in chosen]
        return mean_of_defined(np.stack(areas, axis=1))[:, None]


def _area(weights: Floats, scores: Floats, flags: Flags) -> Floats:
    """Return the area from the ranks of the positive examples, as Mann and Whitney's U."""
    positive = np.flatnonzero(flags)
    if len(positive) in (0, len(flags)):
        return np.full(len(weights), np.nan)
    own = weights[:, positive]
    total = own.sum(axis=1)
    ranks = (own * midranks(weights, order_of(scores), positive)).sum(axis=1)
    return ratio(ranks - total**2 / 2, total * (weights.sum(axis=1) - total))


def _placements(scores: Floats, flags: Flags) -> tuple[float, Floats]:
    """Return the area, and how much each example moves it to first order: (n,).

    A positive example moves it by the share of negative ones it stands above, less the area, over
    the number of positives; a negative one likewise by the positives above it.

    Source: E. DeLong, D. DeLong and D. Clarke-Pearson, "Comparing the areas under two or more
    correlated receiver operating characteristic curves", Biometrics 44 (1988).
    """
    every, order = np.ones((1, len(scores))), order_of(scores)
    below = midranks(every, order, ALL)[0]
    below_of_kind = np.empty(len(scores))
    for kind in (flags, ~flags):
        below_of_kind[kind] = midranks(np.ones((1, kind.sum())), order_of(scores[kind]), ALL)[0]
    positives = flags.sum()
    negatives = len(flags) - positives
    other = below - below_of_kind
    share = np.where(flags, other / negatives, 1 - other / positives)
    area = float(share[flags].mean())
    return area, (share - area) / np.where(flags, positives, negatives)
