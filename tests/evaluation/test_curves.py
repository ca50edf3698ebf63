from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve

from heldout.datasets.tasks import Family
from heldout.evaluation.curves import EVERY_CLASS, RECALLS, curves_of_scores

Make = dict[Family, Callable[..., tuple]]


def truth_of(family: Family, references: object) -> np.ndarray:
    if family is Family.LABEL_SET:
        return references.sets
    return np.eye(len(references.classes), dtype=bool)[references.labels]


@pytest.mark.parametrize("family", [Family.LABEL, Family.LABEL_SET])
def test_each_point_is_on_the_curve_of_scikit_learn(make: Make, family: Family) -> None:
    predictions, references = make[family](120, 5)
    truth = truth_of(family, references)
    pairs = [(EVERY_CLASS, truth.ravel(), predictions.scores.ravel())]
    pairs += [
        (name, truth[:, code], predictions.scores[:, code])
        for code, name in enumerate(references.classes)
    ]
    found = curves_of_scores(predictions, references)
    for one, (name, flags, scores) in zip(found, pairs, strict=True):
        precision, recall, _ = precision_recall_curve(flags, scores, drop_intermediate=False)
        # The highest threshold at which the recall is reached, leaving out the made-up end point.
        at = [np.flatnonzero(recall[:-1] >= max(wish, 1e-9) - 1e-9)[-1] for wish in RECALLS]
        assert one.name == name
        assert one.n == flags.sum()
        np.testing.assert_allclose(one.precision, precision[at], atol=1e-6)
        assert one.average_precision == pytest.approx(average_precision_score(flags, scores))


def test_a_class_without_an_example_has_no_curve(make: Make) -> None:
    predictions, references = make[Family.LABEL_SET](60, 5)
    references.sets[:, 2] = False
    names = [one.name for one in curves_of_scores(predictions, references)]
    assert names == [EVERY_CLASS, "ant", "bee", "dog"]


def test_without_scores_there_are_no_curves(make: Make) -> None:
    predictions, references = make[Family.NUMBER](60, 5)
    assert curves_of_scores(predictions, references) == ()
