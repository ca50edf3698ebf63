import numpy as np
import pytest
from scipy.special import expit, logit

from heldout.evaluation.metric import Method
from heldout.evaluation.metrics.ece import ExpectedCalibrationError
from heldout.evaluation.uncertainty import (
    biased_interval,
    bootstrap_interval,
    logit_interval,
    percentile_interval,
    standard_error_interval,
)

REPLICATES = np.random.default_rng(0).normal(0.9, 0.02, 2000)


def test_the_logit_interval_is_that_of_the_delta_method_with_scipy() -> None:
    error = REPLICATES.std(ddof=1) / (0.9 * 0.1)
    theirs = expit(logit(0.9) + np.array([-1.959964, 1.959964]) * error)
    assert logit_interval(0.9, REPLICATES) == pytest.approx(tuple(theirs), abs=1e-6)


@pytest.mark.parametrize("value", [0.001, 0.5, 0.999, 1 - 1e-12])
def test_the_logit_interval_holds_its_value_and_stays_between_0_and_1(value: float) -> None:
    found = logit_interval(value, REPLICATES)
    assert 0 <= found.low <= value <= found.high <= 1


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_at_the_ends_the_logit_interval_has_no_width(value: float) -> None:
    assert logit_interval(value, REPLICATES) == (value, value)


@pytest.mark.parametrize("make", [logit_interval, standard_error_interval, biased_interval])
def test_too_many_undefined_replicates_leave_no_interval(make) -> None:
    some = np.where(np.arange(2000) < 30, np.nan, REPLICATES)
    assert make(0.9, some) is None
    assert percentile_interval(some) is None


def test_each_method_makes_its_own_interval() -> None:
    for method, make in (
        (Method.STANDARD_ERROR, standard_error_interval),
        (Method.BIASED_UPWARD, biased_interval),
        (Method.LOGIT, logit_interval),
    ):
        assert bootstrap_interval(method, 0.9, REPLICATES) == (make(0.9, REPLICATES), method)
    assert bootstrap_interval(Method.PERCENTILE, 0.9, REPLICATES)[1] is Method.PERCENTILE


def test_a_bias_upward_stretches_the_lower_side_by_twice_itself() -> None:
    plain, bias = standard_error_interval(0.85, REPLICATES), REPLICATES.mean() - 0.85
    assert biased_interval(0.85, REPLICATES) == pytest.approx((plain.low - 2 * bias, plain.high))


def test_a_bias_downward_stretches_nothing() -> None:
    assert biased_interval(0.95, REPLICATES) == standard_error_interval(0.95, REPLICATES)


def test_near_the_end_the_logit_interval_holds_the_truth_as_often_as_it_says() -> None:
    """A rate of 0.97 of 200, which the bootstrap resamples as a binomial."""
    rng = np.random.default_rng(1)
    held = []
    for value in rng.binomial(200, 0.97, 400) / 200:
        found = logit_interval(value, rng.binomial(200, value, 400) / 200)
        held.append(found.low <= 0.97 <= found.high)
    assert np.mean(held) > 0.93


def test_the_calibration_error_is_not_given_percentiles_of_a_biased_bootstrap() -> None:
    assert ExpectedCalibrationError.interval is Method.STANDARD_ERROR
