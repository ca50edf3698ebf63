from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from scipy.stats import binomtest
from sklearn.metrics import precision_recall_fscore_support

from heldout.datasets.tasks import Family
from heldout.evaluation.class_report import report_classes
from heldout.evaluation.data import MISSING, LabelPredictions, LabelReferences, Places

Make = dict[Family, Callable[..., tuple]]


def labelled(truth: list[int], guess: list[int]) -> tuple[LabelPredictions, LabelReferences]:
    ids = pl.Series([f"x{i}" for i in range(len(truth))])
    codes = np.array(guess, dtype=np.int32)
    places = Places(np.arange(len(truth)), str)
    predictions = LabelPredictions(ids, codes == MISSING, places, codes)
    names = ("ant", "bee", "cat")
    return predictions, LabelReferences(ids, pl.DataFrame(), np.array(truth, dtype=np.int32), names)


@pytest.mark.parametrize("family", [Family.LABEL, Family.LABEL_SET])
def test_numbers_are_those_of_scikit_learn(make: Make, family: Family) -> None:
    predictions, references = make[family](150, 2)
    if family is Family.LABEL:
        case = (references.labels, predictions.labels)
    else:
        case = (references.sets, predictions.sets)
    theirs = np.array(precision_recall_fscore_support(*case))
    found = report_classes(predictions, references)
    ours = np.array([[one.precision, one.recall, one.f1, one.n] for one in found]).T
    np.testing.assert_allclose(ours, theirs, atol=1e-12)
    assert [one.name for one in found] == list(references.classes)


def test_intervals_are_those_of_scipy(make: Make) -> None:
    (first, *_) = report_classes(*make[Family.LABEL](150, 2))
    hits = round(first.recall * first.n)
    for interval, n in (
        (first.recall_interval, first.n),
        (first.precision_interval, first.predicted),
    ):
        theirs = binomtest(hits, n).proportion_ci(method="wilson")
        assert tuple(interval) == pytest.approx((theirs.low, theirs.high))


def test_a_class_nobody_predicted_has_no_precision_and_one_without_examples_no_recall() -> None:
    _, bee, cat = report_classes(*labelled([0, 0, 1], [0, 2, 0]))
    assert (bee.precision, bee.precision_interval, bee.recall) == (None, None, 0)
    assert (cat.precision, cat.recall, cat.n, cat.predicted) == (0, None, 0, 1)


def test_a_class_that_occurs_nowhere_has_no_number_at_all() -> None:
    cat = report_classes(*labelled([0, 1], [1, 0]))[2]
    assert (cat.precision, cat.recall, cat.f1) == (None, None, None)


def test_a_missing_prediction_is_of_no_class() -> None:
    ant, bee, _ = report_classes(*labelled([0, 0, 1], [0, MISSING, MISSING]))
    assert (ant.recall, ant.precision, ant.predicted) == (0.5, 1, 1)
    assert bee.predicted == 0


def test_examples_that_hang_together_have_no_binomial_intervals(make: Make) -> None:
    found = report_classes(*make[Family.LABEL](150, 2), independent=False)
    assert {one.recall_interval for one in found} == {None}
