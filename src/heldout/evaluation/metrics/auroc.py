"""Area under the ROC curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.datasets.tasks import Family
from heldout.evaluation.classwise import mean_of_defined
from heldout.evaluation.data import Flags, Floats, LabelPredictions, LabelReferences
from heldout.evaluation.metric import Method, Metric, ratio
from heldout.evaluation.requirements import require_scores
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.ties import midranks, order_of


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
    interval = Method.LOGIT
    undefined = "all references are of one class"

    def per_example(
        self, predictions: LabelPredictions, references: LabelReferences
    ) -> ExampleStats:
        """Keep reference and scores: no sum over examples says enough."""
        assert predictions.scores is not None
        return self.stats(references, reference=references.labels, scores=predictions.scores)

    def reduce(self, stats: ExampleStats, weights: Floats) -> Floats:
        """Average the areas of the classes."""
        reference, scores = stats.array("reference"), stats.array("scores")
        size = len(stats.classes)
        chosen = [1] if size == 2 else range(size)
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
