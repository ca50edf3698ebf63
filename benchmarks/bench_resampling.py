"""Resamples and ranks on large tables: each line is one ratio to what people use.

The peers are measured on fewer resamples, or fewer classes' worth of work, and scaled; ours never
is. Statistics that are few small codes are counted instead of drawn.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from measure import cpu_seconds, peak_memory, report
from scipy import stats
from sklearn.metrics import f1_score

from heldout.datasets.tasks import find_task
from heldout.evaluation.data import LabelPredictions, LabelReferences, Places
from heldout.evaluation.registry import find_metric
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.uncertainty import resample
from heldout.statistics.weights import Resampling

EXAMPLES, TASK = 100_000, find_task("image-classification")
IDS = pl.Series(np.arange(EXAMPLES)).cast(pl.String)


def labels(classes: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    truth = rng.integers(0, classes, EXAMPLES).astype(np.int32)
    right = rng.random(EXAMPLES) < 0.7
    return truth, np.where(right, truth, rng.integers(0, classes, EXAMPLES)).astype(np.int32)


def predictions(guess: np.ndarray, scores: np.ndarray | None = None) -> LabelPredictions:
    places, none = Places(np.arange(EXAMPLES), str), np.zeros(EXAMPLES, np.bool_)
    return LabelPredictions(IDS, none, places, labels=guess, scores=scores)


def references(truth: np.ndarray, classes: int) -> LabelReferences:
    return LabelReferences(IDS, pl.DataFrame(), labels=truth, names=tuple(map(str, range(classes))))


def stats_of(metric: str, truth: np.ndarray, guess: np.ndarray) -> ExampleStats:
    known = references(truth, int(truth.max()) + 1)
    return find_metric(metric, task=TASK).per_example(predictions(guess), known)


def ours(found: ExampleStats, replicates: int) -> float:
    resampling = Resampling(EXAMPLES, seed=1, replicates=replicates)
    return cpu_seconds(lambda: resample([found], resampling), repeat=3)


def fastest_numpy(truth: np.ndarray, guess: np.ndarray, classes: int) -> np.ndarray:
    """Draw examples, and count them by three bincounts: macro F1 of one resample."""
    rows = np.random.default_rng(1).integers(0, EXAMPLES, EXAMPLES)
    actual, predicted = truth[rows], guess[rows]
    hits = np.bincount(actual[actual == predicted], minlength=classes)
    both = np.bincount(actual, minlength=classes) + np.bincount(predicted, minlength=classes)
    return np.mean(2 * hits / both)


def bench_accuracy(rng: np.random.Generator, replicates: int = 10_000, few: int = 20) -> None:
    truth, guess = labels(10, rng)
    right = (truth == guess).astype(float)

    def theirs() -> object:
        return stats.bootstrap(
            (right,), np.mean, n_resamples=few, method="percentile", rng=np.random.default_rng(1)
        )

    scaled = cpu_seconds(theirs, repeat=3) * replicates / few
    mine = ours(stats_of("accuracy", truth, guess), replicates)
    report(f"accuracy, {replicates:,} resamples", ours=mine, theirs=scaled, peer="scipy (scaled)")


def bench_f1(rng: np.random.Generator, classes: int, replicates: int, few: int = 3) -> None:
    truth, guess = labels(classes, rng)
    mine = ours(stats_of("f1", truth, guess), replicates)
    rows = np.random.default_rng(1).integers(0, EXAMPLES, EXAMPLES)
    peers = {
        "scikit-learn (scaled)": lambda: f1_score(truth[rows], guess[rows], average="macro"),
        "numpy bincount (scaled)": lambda: fastest_numpy(truth, guess, classes),
    }
    for peer, one in peers.items():
        scaled = cpu_seconds(one, repeat=few) * replicates
        title = f"macro F1 of {classes:,} classes, {replicates:,} resamples"
        report(title, ours=mine, theirs=scaled, peer=peer)


def bench_top_k(rng: np.random.Generator, classes: int = 1_000) -> None:
    """Top-1 and top-5 of every row, against one sum over the array; the compiler is warm."""
    truth = rng.integers(0, classes, EXAMPLES).astype(np.int32)
    known = references(truth, classes)
    metrics = [find_metric(f"top-k:k={k}", task=TASK) for k in (1, 5)]
    for kind in (np.float64, np.float32):
        scores = rng.random((EXAMPLES, classes), dtype=kind)

        def both(scores: np.ndarray = scores) -> None:
            given = predictions(truth, scores)
            for metric in metrics:
                metric.per_example(given, known)

        once, mine = cpu_seconds(scores.sum), cpu_seconds(both)
        print(
            f"top-1 and top-5 of {EXAMPLES:,} x {classes:,} {kind.__name__}: {mine:.3f} s, "
            f"reading them once {once:.3f} s of CPU, {mine / once:.1f} times that"
        )


def main() -> None:
    rng = np.random.default_rng(0)
    bench_accuracy(rng)
    bench_f1(rng, 10, 10_000)
    bench_f1(rng, 1_000, 200)
    print(f"peak memory of the resamples: {peak_memory()}")
    bench_top_k(rng)


if __name__ == "__main__":
    main()
