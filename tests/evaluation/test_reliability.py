from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve

from heldout.datasets.tasks import Family
from heldout.evaluation.metrics.ece import ExpectedCalibrationError
from heldout.evaluation.reliability import reliability

Make = dict[Family, Callable[..., tuple]]


def test_bins_are_those_of_scikit_learn(make: Make) -> None:
    predictions, references = make[Family.LABEL](300, 4)
    right = predictions.scores.argmax(axis=1) == references.labels
    accuracy, confidence = calibration_curve(right, predictions.scores.max(axis=1), n_bins=10)
    found = [one for one in reliability(predictions, references, bins=10) if one.n]
    assert [one.accuracy for one in found] == pytest.approx(accuracy)
    assert [one.confidence for one in found] == pytest.approx(confidence)


def test_the_gaps_weighted_by_n_are_the_calibration_error(make: Make) -> None:
    case = make[Family.LABEL](300, 4)
    found = [one for one in reliability(*case) if one.n]
    gap = sum(one.n * abs(one.confidence - one.accuracy) for one in found) / 300
    assert gap == pytest.approx(ExpectedCalibrationError().per_example(*case).reduce()[0])


def test_a_bin_without_examples_says_nothing(make: Make) -> None:
    lowest = reliability(*make[Family.LABEL](300, 4))[0]
    assert (lowest.n, lowest.confidence, lowest.accuracy, lowest.interval) == (0, None, None, None)


def test_intervals_are_those_of_scipy_and_absent_where_examples_hang_together(make: Make) -> None:
    case = make[Family.LABEL](300, 4)
    fullest = max(reliability(*case), key=lambda one: one.n)
    theirs = binomtest(round(fullest.accuracy * fullest.n), fullest.n)
    low, high = theirs.proportion_ci(method="wilson")
    assert tuple(fullest.interval) == pytest.approx((low, high))
    assert {one.interval for one in reliability(*case, independent=False)} == {None}


def test_a_missing_prediction_has_no_confidence(make: Make) -> None:
    predictions, references = make[Family.LABEL](50, 4)
    predictions.missing[:20] = True
    predictions.scores[:20] = np.nan
    assert sum(one.n for one in reliability(predictions, references)) == 30
