import numpy as np
import polars as pl
import pytest
from scipy.stats import norm

from heldout.evaluation.along import FEWEST, Profile, along, numbers_of
from heldout.evaluation.metrics.accuracy import Accuracy
from heldout.evaluation.metrics.mae import MeanAbsoluteError
from heldout.evaluation.stats import ExampleStats
from heldout.statistics.weights import Resampling


def profile(
    values: object, terms: np.ndarray, *, replicates: int = 200, seed: int = 1, **options: object
) -> Profile:
    metric = options.pop("metric", Accuracy())
    clusters = options.pop("clusters", None)
    stats = ExampleStats(metric, pl.Series(np.arange(len(terms))).cast(pl.String), {"terms": terms})
    return along(
        stats,
        pl.Series("income", values),
        metric=metric,
        resampling=Resampling(len(terms), seed=seed, replicates=replicates, clusters=clusters),
        **options,
    )


def rising(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = rng.random(n)
    return values, (rng.random(n) < 0.4 + 0.5 * values).astype(np.uint8)


def test_a_point_is_the_mean_of_the_nearest_examples_under_tricube_weights() -> None:
    values, terms = rising(200, 1)
    found = profile(values, terms, replicates=0)
    assert found.around == 60
    for point in found.points:
        distance = np.sort(np.abs(values - point.at))
        weights = (
            np.clip(1 - (np.abs(values - point.at) / (1.01 * distance[59])) ** 3, 0, None) ** 3
        )
        weights[np.abs(values - point.at) > distance[59]] = 0
        assert point.value == pytest.approx(np.average(terms, weights=weights))


def test_the_curve_follows_the_truth() -> None:
    values, terms = rising(4000, 2)
    for point in profile(values, terms).points[3:-3]:
        assert point.value == pytest.approx(0.4 + 0.5 * point.at, abs=0.06)
        assert point.low < point.value < point.high


def test_the_band_holds_the_whole_smoothed_curve_at_once() -> None:
    """Without a trend the smoothed truth is flat, so the band must hold the one rate everywhere."""
    held = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        terms = (rng.random(300) < 0.7).astype(np.uint8)
        points = profile(rng.random(300), terms, seed=seed).points
        held += all(one.low <= 0.7 <= one.high for one in points)
    assert held >= 52


def test_the_band_is_wider_than_that_of_a_single_point() -> None:
    values, terms = rising(2000, 3)
    found = profile(values, terms, replicates=400)
    middle = found.points[len(found.points) // 2]
    near = np.abs(values - middle.at)
    reach = np.sort(near)[found.around - 1] * 1.01
    weights = np.clip(1 - (near / reach) ** 3, 0, None) ** 3
    share = weights / weights.sum()
    error = np.sqrt((share**2 * (terms - middle.value) ** 2).sum())
    limit = (middle.high - middle.value) / error
    assert norm.ppf(0.975) * 1.15 < limit < norm.ppf(1 - 0.025 / 25) * 1.1


def test_examples_without_a_number_are_left_out() -> None:
    values, terms = rising(200, 1)
    given = [None if i < 60 else value for i, value in enumerate(values)]
    found = profile(given, terms, replicates=0)
    assert found.n == 140
    alone = profile(values[60:], terms[60:], replicates=0)
    assert [one.value for one in found.points] == pytest.approx([one.value for one in alone.points])


def test_few_examples_make_no_curve_and_a_sentence() -> None:
    found = profile(*rising(FEWEST - 1, 1))
    assert found.points == ()
    assert found.reason == "49 examples are too few for a curve (fewest: 50)"


def test_a_column_of_two_values_makes_no_curve() -> None:
    _, terms = rising(200, 1)
    found = profile(np.tile([0, 1], 100), terms)
    assert found.reason == "the column has too few different numbers for a curve"


def test_few_clusters_make_a_curve_without_a_band() -> None:
    values, terms = rising(200, 1)
    found = profile(values, terms, clusters=np.arange(200) // 40)
    assert {one.low for one in found.points} == {None}
    assert found.reason == "5 clusters are too few for an interval (fewest: 10)"


def test_no_point_is_made_of_fewer_examples_than_the_smallest_group() -> None:
    assert profile(*rising(100, 1), smallest_group=80).around == 80


def test_the_band_stays_within_the_bounds_of_the_number() -> None:
    values, _ = rising(200, 1)
    errors = np.abs(np.random.default_rng(1).normal(size=200)) * 0.01
    found = profile(values, errors, metric=MeanAbsoluteError())
    assert all(one.low >= 0 for one in found.points)
    mostly_right = profile(values, (np.arange(200) % 40 > 0).astype(np.uint8))
    assert all(one.high <= 1 for one in mostly_right.points)


def test_numbers_may_be_written_as_text_and_words_are_refused() -> None:
    assert numbers_of(pl.Series("age", ["1", " 2.5", "", None])).to_list() == [1, 2.5, None, None]
    with pytest.raises(TypeError, match="age is not of numbers"):
        numbers_of(pl.Series("age", ["1", "old"]))
    with pytest.raises(TypeError, match="age is not of numbers"):
        numbers_of(pl.Series("age", [True, False]))
