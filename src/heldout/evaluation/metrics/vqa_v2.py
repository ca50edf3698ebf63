"""Accuracy of visual question answering, as VQA v2 counts it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.datasets.tasks import Family
from heldout.evaluation.data import Floats
from heldout.evaluation.language.answers import vqa_accuracy
from heldout.evaluation.language.data import AnswerPredictions, AnswerReferences
from heldout.evaluation.metric import AdditiveMetric, Number, ratio
from heldout.evaluation.requirements import require_answers
from heldout.evaluation.stats import ExampleStats

TYPES = ("yes/no", "number", "other")


@dataclass(frozen=True)
class VqaV2(AdditiveMetric[AnswerPredictions, AnswerReferences]):
    """The mean of min(annotators with the same answer / 3, 1), each annotator left out once.

    `yes/no`, `number` and `other` are the means over the questions with that type of answer.

    Traps: where the annotators differ, answers lose articles and punctuation, number words become
    digits and contractions get their apostrophes; where all agree, nothing is normalised, and `Yes`
    is wrong for `yes`. The slips of the published script are kept: one comma within a number
    removes every mark without a space in its place, and `none` is 0. A fraction, where the script
    prints percent. Question types are subgroups: `--subgroup question_type`.
    """

    id = "vqa-v2"
    title = "VQA v2 accuracy"
    families = frozenset({Family.ANSWERS})
    needs = "answers"
    requires = (require_answers,)
    source = "the evaluation script of VQA v2 (Goyal et al. 2017)"
    undefined = "no question has an answer of this type"
    accepts_missing = True

    @property
    def numbers(self) -> tuple[Number, ...]:
        """All questions, then each type of answer."""
        return (Number("accuracy"), *map(Number, TYPES))

    def per_example(
        self, predictions: AnswerPredictions, references: AnswerReferences
    ) -> ExampleStats:
        """Keep the accuracy of each question, and its type of answer."""
        assert predictions.answers is not None
        pairs = zip(predictions.answers, references.answers, strict=True)
        right = np.array([0.0 if one is None else vqa_accuracy(one, said) for one, said in pairs])
        types = np.array([[kind == one for one in TYPES] for kind in references.types], np.bool_)
        return self.stats(references, accuracy=right, type=types.reshape(-1, len(TYPES)))

    def terms(self, stats: ExampleStats) -> Floats:
        """Sum accuracies over all and over each type, then count each type."""
        right, types = stats.array("accuracy")[:, None], stats.array("type")
        return np.concatenate([right, right * types, types], axis=1)

    def finish(self, totals: Floats, weight: Floats) -> Floats:
        """Divide by all questions, and by those of each type."""
        counts = np.concatenate([weight[..., None], totals[..., -len(TYPES) :]], axis=-1)
        return ratio(totals[..., : -len(TYPES)], counts)
