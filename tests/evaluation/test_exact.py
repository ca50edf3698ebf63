"""Intervals without resamples, against numerical derivatives, the bootstrap and simulation."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from heldout.datasets.tasks import Family, find_task
from heldout.evaluation.exact import class_mean_interval, exact_intervals, why_too_rare
from heldout.evaluation.metric import ClassMean, Method
from heldout.evaluation.metrics.accuracy import Accuracy
from heldout.evaluation.metrics.captions import Captions, _bleu
from heldout.evaluation.metrics.mae import MeanAbsoluteError
from heldout.evaluation.metrics.r2 import R2
from heldout.evaluation.registry import all_metrics, find_metric
from heldout.evaluation.scoring import score_stats
from heldout.evaluation.stats import ExampleStats
from heldout.statistics.proportions import wilson_limits
from heldout.statistics.weights import Resampling

Make = dict[Family, Callable[..., tuple]]
TASKS = {Family.LABEL: "image-classification", Family.LABEL_SET: "multi-label-classification"}
CASES = [
    (family, kind.id)
    for kind in all_metrics()
    for family in TASKS
    if family in kind.families and kind.interval is Method.CLASSES
]


@pytest.mark.parametrize(("family", "name"), CASES)
def test_what_an_example_moves_is_the_derivative_of_the_number(make: Make, family, name) -> None:
    metric = find_metric(name, task=find_task(TASKS[family]))
    stats = metric.per_example(*make[family](60, 1))
    step = 1e-4 * np.eye(60)
    slope = (stats.reduce(1 + step) - stats.reduce(1 - step)) / 2e-4
    for number, mean in enumerate(metric.class_means(stats)):
        assert mean.values.mean() == pytest.approx(stats.reduce()[number], abs=1e-12)
        np.testing.assert_allclose(mean.moved / len(mean.values), slope[:, number], atol=1e-7)
        assert ((mean.low <= mean.values) & (mean.values <= mean.high)).all()


@pytest.mark.parametrize(("family", "name"), CASES)
def test_on_many_examples_the_interval_is_that_of_the_bootstrap(make: Make, family, name) -> None:
    metric = find_metric(name, task=find_task(TASKS[family]))
    stats = metric.per_example(*make[family](1500, 1))
    resampling = Resampling(1500, seed=1, replicates=400)
    drawn = np.concatenate([stats.reduce(weights) for weights in resampling.blocks()])
    for number, made in enumerate(exact_intervals(stats, metric, stats.reduce(), resampling)):
        half = 1.96 * drawn[:, number].std()
        assert made.interval.high - made.interval.low == pytest.approx(2 * half, rel=0.12)


def test_the_influence_of_an_additive_metric_is_what_leaving_out_does(make: Make) -> None:
    stats = R2().per_example(*make[Family.NUMBER](50, 1))
    without = stats.reduce(1 - np.eye(50))
    np.testing.assert_allclose(R2().influence(stats), 49 * (without.mean(axis=0) - without))


def test_a_repeated_cluster_counts_once(make: Make) -> None:
    """Ten copies of every example, drawn together, say no more than the example alone."""
    for metric, family in (
        (MeanAbsoluteError(), Family.NUMBER),
        (find_metric("f1", task=find_task(TASKS[Family.LABEL])), Family.LABEL),
    ):
        once = metric.per_example(*make[family](120, 1))
        again = once.take(np.repeat(np.arange(120), 10))
        plain = exact_intervals(once, metric, once.reduce(), Resampling(120, seed=1))
        clustered = exact_intervals(
            again, metric, again.reduce(),
            Resampling(1200, seed=1, clusters=np.repeat(np.arange(120), 10)),
        )  # fmt: skip
        widths = [one[0].interval.high - one[0].interval.low for one in (plain, clustered)]
        assert widths[1] == pytest.approx(widths[0], rel=0.05)


def test_independent_classes_are_combined_by_their_squares() -> None:
    hits, trials = np.array([3.0, 9.0, 5.0]), np.array([10.0, 10.0, 5.0])
    low, high = wilson_limits(hits, trials)
    mean = ClassMean(hits / trials, low, high, np.zeros(25), 0.0, trials)
    found = class_mean_interval(mean, 0.0)
    value = (0.3 + 0.9 + 1.0) / 3
    assert found.low == pytest.approx(value - np.linalg.norm(mean.values - low) / 3)
    assert found.high == pytest.approx(value + np.linalg.norm(high - mean.values) / 3)


def test_a_metric_of_another_method_has_no_exact_interval(make: Make) -> None:
    stats = Accuracy().per_example(*make[Family.LABEL](30, 1))
    assert exact_intervals(stats, Accuracy(), stats.reduce(), Resampling(30, seed=1)) == [None]


def test_one_rare_class_among_many_does_no_harm() -> None:
    assert why_too_rare(np.array([3.0, *[50] * 9])) == ""
    assert why_too_rare(np.array([3.0, *[50] * 8])) == (
        "too many classes have too few examples for an interval (fewest: 10)"
    )
    assert why_too_rare(None) == ""


def test_the_influence_of_captions_is_what_leaving_out_does() -> None:
    terms = np.random.default_rng(0).integers(1, 9, (12, 11)).astype(float)
    terms[:, 6:10] += 9
    metric = Captions()
    ids = pl.Series([str(i) for i in range(12)])
    moved = metric.influence(ExampleStats(metric, ids, {"terms": terms}))
    without = np.array(
        [_bleu(np.delete(terms, i, axis=0).sum(axis=0)[None, :-1])[0] for i in range(12)]
    )
    np.testing.assert_allclose(moved[:, :4], 11 * (without.mean(axis=0) - without), atol=1e-12)
    assert np.isnan(moved[:, 5]).all()


def test_what_a_metric_does_not_know_is_left_to_the_bootstrap(make: Make) -> None:
    class Unknown(type(find_metric("spearman", task=find_task("regression")))):
        interval = Method.JACKKNIFE

    stats = replace(Unknown().per_example(*make[Family.NUMBER](30, 1)))
    assert exact_intervals(stats, Unknown(), stats.reduce(), Resampling(30, seed=1)) == [None]
    (found,) = score_stats([stats], [Unknown()], Resampling(30, seed=1))
    assert found.method == str(Method.STANDARD_ERROR)
