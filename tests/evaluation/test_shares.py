import numpy as np
import polars as pl
import pytest
from scipy.stats import norm

from heldout.evaluation.metrics.accuracy import Accuracy
from heldout.evaluation.metrics.mae import MeanAbsoluteError
from heldout.evaluation.shares import ShareGap, difference_interval, share_gap
from heldout.evaluation.stats import ExampleStats
from heldout.statistics.proportions import wilson
from heldout.statistics.weights import Resampling


def gap(terms: np.ndarray, public: np.ndarray, *, metric=None, seed: int = 1, **rest) -> ShareGap:
    ids = pl.Series(np.arange(len(terms))).cast(pl.String)
    stats = ExampleStats(metric or Accuracy(), ids, {"terms": terms})
    resampling = Resampling(len(terms), seed=seed, replicates=400)
    return share_gap(stats, public, resampling=resampling, **rest)


def test_the_gap_and_its_interval_are_those_of_two_independent_proportions() -> None:
    rng = np.random.default_rng(1)
    terms, public = (rng.random(4000) < 0.7).astype(np.uint8), rng.random(4000) < 0.4
    found = gap(terms, public)
    shares = [terms[public].mean(), terms[~public].mean()]
    sizes = [public.sum(), (~public).sum()]
    assert (found.public, found.private) == pytest.approx(tuple(shares))
    assert (found.n_public, found.n_private) == tuple(sizes)
    error = np.sqrt(sum(p * (1 - p) / n for p, n in zip(shares, sizes, strict=True)))
    assert (found.high - found.low) / 2 == pytest.approx(norm.ppf(0.975) * error, rel=0.12)


def test_an_entry_that_was_fitted_to_the_public_share_is_found_and_an_honest_one_is_not() -> None:
    rng = np.random.default_rng(2)
    public = rng.random(2000) < 0.5
    honest = (rng.random(2000) < 0.7).astype(np.uint8)
    fitted = np.where(public, rng.random(2000) < 0.85, rng.random(2000) < 0.7).astype(np.uint8)
    assert gap(fitted, public).fitted
    assert not gap(honest, public).fitted


def test_an_honest_entry_is_rarely_accused() -> None:
    accused = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        terms = (rng.random(300) < 0.7).astype(np.uint8)
        accused += gap(terms, rng.random(300) < 0.5, seed=seed).fitted
    assert accused <= 5


def test_where_less_is_better_a_smaller_public_error_is_a_positive_gap() -> None:
    public = np.arange(100) < 50
    errors = np.where(public, 1.0, 2.0) + np.tile([0.0, 0.1], 50)
    found = gap(errors, public, metric=MeanAbsoluteError(), higher_is_better=False)
    assert found.gap == pytest.approx(1.0)
    assert found.fitted


def test_the_difference_of_two_proportions_has_the_limits_newcombe_published() -> None:
    """56 of 70 against 48 of 80: method 10 of Newcombe, Statistics in Medicine 17, 1998, table II."""
    first, second = ((k / n, *wilson(k, n)[:2]) for k, n in ((56, 70), (48, 80)))
    assert difference_interval(first, second) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    reversed_limits = difference_interval(second, first)
    assert reversed_limits == pytest.approx((-0.3339, -0.0524), abs=5e-5)
