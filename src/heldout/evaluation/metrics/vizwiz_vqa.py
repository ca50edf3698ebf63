"""Accuracy of visual question answering, as VizWiz counts it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.datasets.tasks import Family
from heldout.evaluation.language.answers import vizwiz_accuracy
from heldout.evaluation.language.data import AnswerPredictions, AnswerReferences
from heldout.evaluation.metric import AdditiveMetric, Number
from heldout.evaluation.requirements import require_answers
from heldout.evaluation.stats import ExampleStats


@dataclass(frozen=True)
class VizwizVqa(AdditiveMetric[AnswerPredictions, AnswerReferences]):
    """The mean of min(annotators with the same answer / 3, 1), each annotator left out once.

    Traps: the prediction is normalised as in `vqa-v2`, always; the annotators' answers never are,
    so a reference such as `the red one` cannot be met. Most contractions get a typographic
    apostrophe (`don’t`), which few annotators typed: the slips of the published script. A fraction,
    where the script prints percent. Types of answers are subgroups: `--subgroup answer_type`.
    """

    id = "vizwiz-vqa"
    title = "VizWiz VQA accuracy"
    families = frozenset({Family.ANSWERS})
    needs = "answers"
    requires = (require_answers,)
    source = "the evaluation script of VizWiz-VQA (Gurari et al. 2018)"
    accepts_missing = True

    @property
    def numbers(self) -> tuple[Number, ...]:
        """One number."""
        return (Number("accuracy"),)

    def per_example(
        self, predictions: AnswerPredictions, references: AnswerReferences
    ) -> ExampleStats:
        """Keep the accuracy of each question."""
        assert predictions.answers is not None
        pairs = zip(predictions.answers, references.answers, strict=True)
        right = [0.0 if one is None else vizwiz_accuracy(one, said) for one, said in pairs]
        return self.stats(references, terms=np.array(right, dtype=np.float64))
