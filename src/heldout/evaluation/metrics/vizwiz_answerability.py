"""Whether a question about an image can be answered, as VizWiz counts it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from heldout.datasets.tasks import Family
from heldout.errors import BadInput, Problem
from heldout.evaluation.data import Floats
from heldout.evaluation.language.data import AnswerPredictions, AnswerReferences
from heldout.evaluation.metric import Metric, Number, ratio
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.ties import average_precision


@dataclass(frozen=True)
class VizwizAnswerability(Metric[AnswerPredictions, AnswerReferences]):
    """Average precision and F1 of finding the questions that can *not* be answered.

    Traps: predictions are the confidence that there is an answer; what is scored is 1 less that.
    F1 counts a question as unanswerable where 1 - confidence is above 0.5, so 0.5 itself is
    answerable. There is no interpolation, and equal confidences come in together. F1 is undefined
    where nothing is unanswerable and nothing is said to be, where scikit-learn says 0.
    """

    id = "vizwiz-answerability"
    title = "VizWiz answerability"
    families = frozenset({Family.ANSWERS})
    needs = "confidences"
    source = "scikit-learn average_precision_score and f1_score, as VizWiz's script calls them"
    undefined = "every question can be answered"

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Average precision, then F1."""
        return (Number("AP"), Number("F1"))

    def unmet(self, predictions: AnswerPredictions) -> Iterator[Problem]:
        """Ask for confidences."""
        yield from super().unmet(predictions)
        if predictions.answerable is None:
            yield Problem(
                f"metric {self.key}", "needs the key answerable", "give [{id, answerable}]"
            )

    def per_example(
        self, predictions: AnswerPredictions, references: AnswerReferences
    ) -> ExampleStats:
        """Keep truth and prediction of unanswerability: no sum over examples says enough."""
        if references.answerable is None:
            remedy = "give answerable, 0 or 1, for every image"
            raise BadInput(
                [Problem(f"metric {self.key}", "the references lack answerable", remedy)]
            )
        assert predictions.answerable is not None
        unanswerable = references.answerable == 0
        return self.stats(references, reference=unanswerable, score=1.0 - predictions.answerable)

    def reduce(self, stats: ExampleStats, weights: Floats) -> Floats:
        """Rank by score for AP, cut at a half for F1."""
        reference, score = stats.array("reference"), stats.array("score")
        said = score > 0.5
        both = weights @ (2.0 * (reference & said))
        either = weights @ (1.0 * reference + said)
        return np.stack([average_precision(weights, score, reference), ratio(both, either)], axis=1)
