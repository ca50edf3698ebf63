"""What every metric must hold, whatever it measures."""

import inspect
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heldout.datasets.tasks import Family
from heldout.evaluation.metric import AdditiveMetric, Metric
from heldout.evaluation.registry import all_metrics
from heldout.evaluation.stats import ExampleStats, Ragged
from heldout.evaluation.storage import load_stats, save_stats

Make = dict[Family, Callable[..., tuple]]
# Native formats have tests of their own.
TABLES = {Family.LABEL, Family.LABEL_SET, Family.NUMBER, Family.CUSTOM}

every_metric = pytest.mark.parametrize(
    ("kind", "family"),
    [
        pytest.param(kind, family, id=f"{kind.id}-{family}")
        for kind in all_metrics()
        for family in sorted(kind.families & TABLES)
    ],
)
seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 40)


def stats_of(make: Make, kind: type[Metric], family: Family, *case: int, **how) -> ExampleStats:
    return kind().per_example(*make[family](*case, **how))


def equal(ours: np.ndarray, theirs: np.ndarray) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


@every_metric
@settings(max_examples=25)
@given(n=sizes, seed=seeds)
def test_numbers_stay_within_their_bounds(make: Make, kind, family, n: int, seed: int) -> None:
    stats = stats_of(make, kind, family, n, seed)
    for value, number in zip(stats.reduce(), stats.metric.numbers, strict=True):
        assert np.isnan(value) or number.low - 1e-12 <= value <= number.high + 1e-12


@every_metric
@settings(max_examples=25)
@given(n=sizes, seed=seeds)
def test_the_order_of_examples_does_not_matter(make: Make, kind, family, n, seed) -> None:
    stats = stats_of(make, kind, family, n, seed)
    order = np.random.default_rng(seed).permutation(n)
    equal(stats.take(order).reduce(), stats.reduce())


@every_metric
@settings(max_examples=25)
@given(n=sizes, seed=seeds)
def test_a_weight_is_a_repetition(make: Make, kind, family, n: int, seed: int) -> None:
    stats = stats_of(make, kind, family, n, seed)
    weights = np.random.default_rng(seed).integers(0, 4, n)
    equal(stats.reduce(weights), stats.take(np.repeat(np.arange(n), weights)).reduce())


@every_metric
@settings(max_examples=25)
@given(n=sizes, seed=seeds)
def test_many_weights_at_once_are_each_alone(make: Make, kind, family, n: int, seed: int) -> None:
    stats = stats_of(make, kind, family, n, seed)
    weights = np.random.default_rng(seed).integers(0, 3, (5, n))
    together = stats.reduce(weights)
    assert together.shape == (5, len(stats.metric.names))
    for row, values in zip(weights, together, strict=True):
        equal(stats.reduce(row), values)


@every_metric
@settings(max_examples=25)
@given(n=sizes, seed=seeds)
def test_counted_atoms_are_the_whole(make: Make, kind, family, n: int, seed: int) -> None:
    stats = stats_of(make, kind, family, n, seed)
    atoms = stats.atoms()
    if atoms is not None:
        assert atoms.sizes.sum() == n
        equal(atoms.stats.reduce(atoms.sizes), stats.reduce())


@every_metric
@settings(max_examples=25)
@given(n=sizes, seed=seeds)
def test_sums_over_parts_are_the_sum_of_the_whole(make: Make, kind, family, n, seed) -> None:
    stats = stats_of(make, kind, family, n, seed)
    metric = stats.metric
    if not isinstance(metric, AdditiveMetric):
        pytest.skip("not a sum over examples; weights are tested above")
    half = np.arange(n) < n // 2
    parts = [metric.terms(stats.take(part)).sum(axis=0, dtype=float) for part in (half, ~half)]
    weight = np.array(float(n))
    equal(metric.finish(parts[0] + parts[1], weight), stats.reduce())


@every_metric
def test_a_perfect_prediction_gets_the_best_value(make: Make, kind, family) -> None:
    stats = stats_of(make, kind, family, 60, 1, perfect=True)
    for value, number in zip(stats.reduce(), stats.metric.numbers, strict=True):
        best = number.high if number.higher_is_better else number.low
        assert value == pytest.approx(best, abs=1e-9)


@every_metric
def test_a_worse_prediction_gets_a_worse_value(make: Make, kind, family) -> None:
    good = stats_of(make, kind, family, 400, 1, noise=0.5)
    bad = stats_of(make, kind, family, 400, 1, noise=8.0)
    if kind.id in {"top-k", "ece"}:
        pytest.skip("four classes are all among five; calibration says nothing of accuracy")
    signs = np.array([1 if one.higher_is_better else -1 for one in good.metric.numbers])
    assert (signs * good.reduce() > signs * bad.reduce()).all()


@every_metric
def test_no_examples_have_no_value(make: Make, kind, family) -> None:
    assert np.isnan(stats_of(make, kind, family, 0, 1).reduce()).all()


@every_metric
def test_no_weight_has_no_value(make: Make, kind, family) -> None:
    assert np.isnan(stats_of(make, kind, family, 12, 1).reduce(np.zeros(12))).all()


@every_metric
def test_statistics_survive_a_file(make: Make, kind, family, tmp_path: Path) -> None:
    stats = stats_of(make, kind, family, 30, 1)
    path = tmp_path / "stats.parquet"
    save_stats(stats, path)
    found = load_stats(path)
    assert found.metric == stats.metric
    assert found.classes == stats.classes
    assert found.example_ids.to_list() == stats.example_ids.to_list()
    assert found.arrays.keys() == stats.arrays.keys()
    for name, array in stats.arrays.items():
        assert not isinstance(array, Ragged)
        np.testing.assert_array_equal(found.array(name), array)
        assert found.array(name).dtype == array.dtype
    np.testing.assert_array_equal(found.reduce(), stats.reduce())
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("kind", all_metrics(), ids=lambda kind: f"{kind.id}-{kind.__name__}")
def test_a_metric_says_what_it_is(kind: type[Metric]) -> None:
    for fact in ("id", "version", "title", "needs", "source", "undefined"):
        assert isinstance(getattr(kind, fact), str)
        assert getattr(kind, fact)
    assert kind.families
    assert "Traps:" in inspect.getdoc(kind)


def test_an_id_names_one_metric_per_family() -> None:
    named = [(kind.id, family) for kind in all_metrics() for family in kind.families]
    assert len(named) == len(set(named))
