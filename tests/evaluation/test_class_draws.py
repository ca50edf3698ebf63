import numpy as np
import polars as pl
import pytest

from heldout.datasets.tasks import find_task
from heldout.evaluation import class_draws
from heldout.evaluation.class_draws import draw_class_counts
from heldout.evaluation.data import LabelPredictions, LabelReferences, Places
from heldout.evaluation.registry import find_metric
from heldout.evaluation.stats import ExampleStats
from heldout.statistics.weights import Resampling

TASK = find_task("image-classification")
GOLDEN = 0x9E3779B97F4A7C15


@pytest.fixture(autouse=True)
def _always_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    monkeypatch.setattr(class_draws, "FEWEST_DRAWS", 0)


def labels(n: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    truth = rng.integers(0, classes, n).astype(np.int32)
    guess = np.where(rng.random(n) < 0.6, truth, rng.integers(-1, classes, n))
    return truth, guess.astype(np.int32)


def stats_of(metric: str, truth: np.ndarray, guess: np.ndarray, classes: int) -> ExampleStats:
    ids = pl.Series(np.arange(len(truth))).cast(pl.String)
    known = LabelReferences(
        ids, pl.DataFrame(), labels=truth, names=tuple(map(str, range(classes)))
    )
    given = LabelPredictions(ids, guess < 0, Places(np.arange(len(truth)), str), labels=guess)
    return find_metric(metric, task=TASK).per_example(given, known)


def drawn(n: int, replicate: int, resampling: Resampling) -> list[int]:
    """Draw the same examples slowly: splitmix64 as published, two draws from each of its numbers."""
    every = 2**64 - 1
    rng = np.random.default_rng((resampling.seed, resampling.replicates))
    state = int(rng.integers(2**64, dtype=np.uint64)) + replicate * ((n + 1) // 2) * GOLDEN
    found: list[int] = []
    while len(found) < n:
        state = (state + GOLDEN) & every
        bits = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & every
        bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & every
        bits ^= bits >> 31
        found += [(bits >> 32) * n >> 32, (bits & (2**32 - 1)) * n >> 32]
    return found[:n]


@pytest.mark.parametrize("n", [1, 2, 41, 90])
def test_counts_are_those_of_the_drawn_examples(n: int) -> None:
    truth, guess = labels(n, 9)
    resampling = Resampling(n, seed=3, replicates=5)
    counts = draw_class_counts(truth, guess, 9, resampling)
    assert counts is not None
    for replicate in range(5):
        rows = np.array(drawn(n, replicate, resampling))
        actual, predicted = truth[rows], guess[rows]
        hits = np.bincount(actual[actual == predicted], minlength=9)
        assert counts.hits[replicate].tolist() == hits.tolist()
        assert counts.actual[replicate].tolist() == np.bincount(actual, minlength=9).tolist()
        made = np.bincount(predicted[predicted >= 0], minlength=9)
        assert counts.predicted[replicate].tolist() == made.tolist()


@pytest.mark.parametrize("metric", ["f1", "balanced-accuracy", "kappa"])
def test_numbers_spread_as_under_shared_weights(metric: str) -> None:
    n, classes, replicates = 600, 12, 4000
    stats = stats_of(metric, *labels(n, classes), classes)
    resampling = Resampling(n, seed=1, replicates=replicates)
    own = stats.metric.resampled(stats, resampling)
    shared = np.concatenate([stats.reduce(block) for block in resampling.blocks()])
    assert own.shape == shared.shape
    error = shared.std(axis=0) / np.sqrt(replicates)
    assert np.all(np.abs(own.mean(axis=0) - shared.mean(axis=0)) < 6 * error)
    assert own.std(axis=0) == pytest.approx(shared.std(axis=0), rel=0.08)


def test_every_example_is_drawn_as_often_as_every_other() -> None:
    """One class per example: how often each is drawn has mean 1 and variance 1 - 1/n."""
    n = 50
    codes = np.arange(n, dtype=np.int32)
    counts = draw_class_counts(codes, codes, n, Resampling(n, seed=2, replicates=20_000))
    assert counts is not None
    assert counts.hits.mean(axis=0) == pytest.approx(1, abs=0.045)
    assert counts.hits.var() == pytest.approx(1 - 1 / n, rel=0.02)
    assert counts.hits.sum(axis=1).tolist() == [n] * 20_000


def test_few_cells_few_draws_and_clusters_take_another_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    truth, guess = labels(1000, 3)
    assert draw_class_counts(truth, guess, 3, Resampling(1000, seed=1)) is None
    clustered = Resampling(1000, seed=1, clusters=np.arange(1000) // 2)
    assert draw_class_counts(truth, guess, 40, clustered) is None
    monkeypatch.setattr(class_draws, "FEWEST_DRAWS", 10**9)
    assert draw_class_counts(truth, guess, 40, Resampling(1000, seed=1)) is None


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    truth, guess = labels(300, 10)
    first, again, other = (
        draw_class_counts(truth, guess, 10, Resampling(300, seed=seed, replicates=8)).hits
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
