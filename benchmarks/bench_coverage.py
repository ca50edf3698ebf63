"""How often a nominal 95 % interval holds the truth, for each metric and each way to make it.

Samples are drawn from populations whose true number is known: made-up ones from a sample of 400,000,
and pools of thousands of images, queries or captions, whose number is the truth. Printed is, for the
interval in use and for the plain bootstrap's, the share of samples whose interval holds the truth,
and the share of samples that get none by the method in use. With 400 samples a share of 95 % is
known to about 2 points. CIDEr depends on how many images are scored: its truth is the mean over all
samples of the size.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from populations import POPULATIONS, Population
from populations_pooled import POOLS, Pool

from heldout.datasets.tasks import find_task
from heldout.evaluation.metric import Method
from heldout.evaluation.registry import AnyMetric, find_metric
from heldout.evaluation.scoring import score_stats
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.uncertainty import bootstrap_interval, resample
from heldout.statistics.weights import Resampling

TRUTH, OF_SIZE = 400_000, {"CIDEr"}
BOOTSTRAPS = (Method.PERCENTILE, Method.STANDARD_ERROR)


@dataclass
class Cell:
    """What was found for one number: a row per sample."""

    truth: float
    values: list[float] = field(default_factory=list)
    ends: list[list[tuple[float, float]]] = field(default_factory=list)
    methods: set[str] = field(default_factory=set)

    def held(self, column: int, *, truth: float) -> float:
        low, high = np.array([row[column] for row in self.ends]).T
        known = ~np.isnan(low)
        return float(((low <= truth) & (truth <= high))[known].mean()) if known.any() else np.nan

    @property
    def none(self) -> float:
        return float(np.mean([np.isnan(row[0][0]) for row in self.ends]))


Draw = Callable[[np.random.Generator, int], list[ExampleStats]]


def drawing(source: Population | Pool) -> tuple[list[AnyMetric], list[np.ndarray], Draw]:
    """Return the metrics of a population, their true numbers, and how a sample is drawn."""
    rng = np.random.default_rng(0)
    if isinstance(source, Pool):
        pool = source.make(rng)
        metric = find_metric(pool.metric.key, task=find_task(source.task))
        return (
            [metric],
            [pool.reduce()],
            lambda rng, n: [pool.take(rng.integers(len(pool), size=n))],
        )
    metrics = [find_metric(one, task=find_task(source.task)) for one in source.metrics]
    drawn = source.draw(rng, TRUTH)
    truths = [one.per_example(*drawn).reduce() for one in metrics]

    def draw(rng: np.random.Generator, n: int) -> list[ExampleStats]:
        sample = source.draw(rng, n)
        return [one.per_example(*sample) for one in metrics]

    return metrics, truths, draw


def coverage(source: Population | Pool, *, n: int, trials: int, replicates: int) -> dict:
    """Return a cell for each number."""
    metrics, truths, draw = drawing(source)
    cells = {
        (metric.key, name): Cell(float(true))
        for metric, truth in zip(metrics, truths, strict=True)
        for name, true in zip(metric.names, truth, strict=True)
    }
    rng = np.random.default_rng(1)
    for trial in range(trials):
        stats = draw(rng, n)
        resampling = Resampling(n, seed=trial, replicates=replicates)
        columns = defaultdict(list)
        drawn = resample(stats, resampling)
        for metric, numbers in zip(metrics, drawn, strict=True):
            for name, column in zip(metric.names, numbers.T, strict=True):
                columns[metric.key, name] = column
        for one in score_stats(stats, metrics, resampling):
            cell = cells[one.metric, one.name]
            value = np.nan if one.value is None else one.value
            found = [bootstrap_interval(kind, value, columns[one.metric, one.name])[0]
                     for kind in BOOTSTRAPS]  # fmt: skip
            own = (np.nan, np.nan) if one.low is None else (one.low, one.high)
            cell.values.append(value)
            cell.ends.append([own, *((np.nan, np.nan) if x is None else x for x in found)])
            cell.methods |= {one.method} - {str(Method.NONE)}
    return cells


def print_rows(source: Population | Pool, cells: dict, n: int) -> None:
    for (key, name), cell in cells.items():
        truth = float(np.mean(cell.values)) if name in OF_SIZE else cell.truth
        shares = [cell.held(column, truth=truth) for column in range(1 + len(BOOTSTRAPS))]
        texts = ["–" if np.isnan(share) else f"{share:.1%}" for share in shares]
        method = ", ".join(cell.methods) or "none"
        print(
            f"| {key} {name} | {source.title} | {n:,} | {method} | {' | '.join(texts)} "
            f"| {cell.none:.0%} |",
            flush=True,
        )


def main() -> None:
    sources: dict[str, Population | Pool] = {**POPULATIONS, **POOLS}
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--examples", type=int, nargs="+", default=[100, 1000])
    options.add_argument("--trials", type=int, default=400)
    options.add_argument("--replicates", type=int, default=400)
    options.add_argument("--populations", nargs="+", default=list(sources), choices=sources)
    given = options.parse_args()
    print(f"| number | population | n | method | in use | {' | '.join(BOOTSTRAPS)} | no interval |")
    for key in given.populations:
        for n in given.examples:
            cells = coverage(sources[key], n=n, trials=given.trials, replicates=given.replicates)
            print_rows(sources[key], cells, n)


if __name__ == "__main__":
    main()
