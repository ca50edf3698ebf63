import numpy as np
import pytest
from scipy import stats

from heldout.statistics.jackknife import LOG, LOGIT, jackknife_interval


def moves(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / len(values)


def test_for_the_mean_of_normal_values_it_is_the_interval_of_students_t() -> None:
    values = stats.norm.ppf((np.arange(400) + 0.5) / 400, 10, 2)
    theirs = stats.ttest_1samp(values, 0).confidence_interval()
    found = jackknife_interval(float(values.mean()), moves(values))
    assert found == pytest.approx((theirs.low, theirs.high), abs=1e-3)


def test_a_variance_that_one_value_decides_has_one_degree_of_freedom() -> None:
    values = np.append(np.zeros(99), 100.0)
    found = jackknife_interval(1.0, moves(values))
    half = stats.t.ppf(0.975, 2 / (99 - 1) * 100) * values.std(ddof=1) / 10
    assert found.high - 1 == pytest.approx(half, rel=0.1)


@pytest.mark.parametrize(("scale", "link"), [(LOG, np.log), (LOGIT, lambda x: np.log(x / (1 - x)))])
def test_on_its_scale_the_interval_is_symmetric(scale, link) -> None:
    values = np.random.default_rng(0).uniform(0.5, 1, 50)
    value = float(values.mean())
    low, high = jackknife_interval(value, moves(values), scale=scale)
    assert link(high) - link(value) == pytest.approx(link(value) - link(low))


def test_rare_large_losses_are_allowed_for_as_the_percentiles_do_not() -> None:
    """Losses whose logarithm is normal with a spread of 1.5; the mean of 60 is drawn 1,000 times."""
    samples = np.random.default_rng(3).lognormal(0, 1.5, (1000, 60))
    truth = np.exp(1.5**2 / 2)
    found = [jackknife_interval(float(one.mean()), moves(one), scale=LOG) for one in samples]
    drawn = np.random.default_rng(4).integers(60, size=(200, 60))
    low, high = np.quantile(samples[:, drawn].mean(axis=2), [0.025, 0.975], axis=1)
    percentiles = np.mean((low <= truth) & (high >= truth))
    assert np.mean([one.low <= truth <= one.high for one in found]) > percentiles + 0.04
    assert percentiles < 0.88


@pytest.mark.parametrize(
    ("value", "moved"),
    [(0.0, np.ones(5)), (1.0, np.zeros(5)), (1.0, np.ones(1)), (1.0, np.full(5, np.nan))],
)
def test_without_a_spread_or_a_place_on_the_scale_there_is_none(value: float, moved) -> None:
    assert jackknife_interval(value, moved, scale=LOG) is None
