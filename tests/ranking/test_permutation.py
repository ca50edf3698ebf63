from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import permutation_test

from heldout.evaluation.metrics.f1 import F1
from heldout.evaluation.stats import ExampleStats, Ragged
from heldout.ranking.comparison import compare
from heldout.ranking.permutation import swapped_differences

Right = Callable[..., ExampleStats]
REFERENCE = np.random.default_rng(1).integers(0, 3, 80)


def guesses(seed: int, share: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.where(rng.random(80) < share, REFERENCE, rng.integers(0, 3, 80))


def macro_f1(predictions: np.ndarray) -> np.ndarray:
    """Score rows of labels: 2 hits / (predicted + actual) of each class, averaged."""
    classes = np.arange(3)[:, None, None]
    made, true = predictions == classes, classes == REFERENCE
    hits = (made & true).sum(axis=2)
    return (2 * hits / (made.sum(axis=2) + true.sum(axis=2))).mean(axis=0)


def f1_stats(right: Right, prediction: np.ndarray) -> ExampleStats:
    ids = right(prediction * 0).example_ids
    arrays = {"reference": REFERENCE, "prediction": prediction}
    return ExampleStats(F1(), ids, arrays, ("a", "b", "c"))


def p_values(first: ExampleStats, second: ExampleStats, **rest: object) -> dict[str, float]:
    found = compare(first, second, seed=1, **rest)
    return {one.test: one.p_value for one in found.tests}


def test_the_p_value_is_that_of_scipy_for_accuracy(right: Right) -> None:
    first, second = (np.array(one) for one in ([1] * 9 + [0] * 4, [0] * 7 + [1] * 6))
    theirs = permutation_test(
        (first, second),
        lambda one, other, axis: one.mean(axis) - other.mean(axis),
        vectorized=True,
        permutation_type="samples",
        n_resamples=np.inf,
    ).pvalue
    found = p_values(right(first), right(second), replicates=10_000)
    assert found["permutation"] == pytest.approx(theirs, abs=0.012)


def test_the_distribution_is_that_of_swapping_the_predictions_themselves(right: Right) -> None:
    """Macro F1 is no sum: compare with scoring the swapped label arrays by its definition."""
    one, other = guesses(2, 0.8), guesses(3, 0.5)
    found = swapped_differences(
        f1_stats(right, one), f1_stats(right, other), position=0, seed=4, rounds=600
    )
    swap = np.random.default_rng(5).random((600, 80)) < 0.5
    left, below = (
        macro_f1(side) for side in (np.where(swap, other, one), np.where(swap, one, other))
    )
    theirs = left - below
    quantiles = [0.05, 0.25, 0.5, 0.75, 0.95]
    assert np.quantile(found, quantiles) == pytest.approx(np.quantile(theirs, quantiles), abs=0.025)


def test_additive_metrics_take_a_shorter_way_to_the_same_differences(right: Right) -> None:
    """Micro F1 of one label is accuracy; without clusters of one the way is the short one."""
    one, other = guesses(2, 0.8), guesses(3, 0.5)
    long = swapped_differences(
        f1_stats(right, one), f1_stats(right, other), position=1, seed=4, rounds=4000
    )
    hits = [right(side == REFERENCE) for side in (one, other)]
    short = swapped_differences(*hits, position=0, seed=4, rounds=4000)
    assert short.std() == pytest.approx(long.std(), rel=0.06)
    assert abs(short.mean()) < 0.005


def test_examples_of_a_cluster_are_swapped_together(right: Right) -> None:
    """With all in one cluster there are two outcomes: the difference, and its reverse."""
    first, second = right([1] * 30 + [0] * 10), right([0] * 25 + [1] * 15)
    found = swapped_differences(
        first, second, position=0, seed=1, rounds=50, clusters=np.zeros(40, dtype=int)
    )
    assert set(found.round(9)) == {0.375, -0.375}


def test_lists_of_detections_can_be_swapped() -> None:
    class Longest:
        key, names = "longest", ("longest",)

        def reduce(self, stats: ExampleStats, weights: np.ndarray) -> np.ndarray:
            lists = stats.arrays["boxes"]
            sums = np.add.reduceat(lists.values, lists.offsets[:-1])
            return weights @ sums[:, None]

    import polars as pl

    ids = pl.Series(["a", "b"])
    first, second = (
        ExampleStats(Longest(), ids, {"boxes": Ragged(np.array(values), np.array(offsets))})
        for values, offsets in (([1.0, 2, 10], [0, 2, 3]), ([5.0, 20, 30], [0, 1, 3]))
    )
    found = swapped_differences(first, second, position=0, seed=0, rounds=60)
    assert set(found) == {-42.0, 42.0, -38.0, 38.0}


def test_right_or_wrong_is_tested_by_mcnemar_too(right: Right) -> None:
    first, second = right([1] * 30 + [0] * 12), right([0] * 30 + [1] * 12)
    found = p_values(first, second)
    assert list(found) == ["permutation", "mcnemar exact", "mcnemar mid-p"]
    assert found["permutation"] == pytest.approx(found["mcnemar exact"], abs=0.01)


def test_mcnemar_is_left_out_where_it_is_not_valid(right: Right) -> None:
    one, other = (f1_stats(right, guesses(seed, 0.6)) for seed in (2, 3))
    assert list(p_values(one, other)) == ["permutation"]
    hits = right([1, 0] * 20), right([0, 1] * 20)
    assert list(p_values(*hits, clusters=np.arange(40) // 2)) == ["permutation"]


def test_equal_entries_are_as_far_apart_under_every_swap(right: Right) -> None:
    stats = right([1, 0, 1] * 10)
    assert set(p_values(stats, stats).values()) == {1.0}
