"""How often a nominal 95 % interval holds the truth, for each metric and each way to make it.

Samples are drawn from populations whose true number is known from a sample of 400,000. Of all
samples that have an interval by a method, the share that holds the truth is printed; `*` marks the
method in use. With 400 samples, a share of 95 % is known to about 2 points.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from populations import POPULATIONS, Population

from heldout.datasets.tasks import find_task
from heldout.evaluation.metric import Method
from heldout.evaluation.registry import AnyMetric, find_metric
from heldout.evaluation.uncertainty import bootstrap_interval, resample
from heldout.statistics.intervals import Interval
from heldout.statistics.proportions import wilson
from heldout.statistics.weights import Resampling

TRUTH, METHODS = 400_000, (Method.WILSON, Method.PERCENTILE, Method.STANDARD_ERROR, Method.LOGIT)
Cell = tuple[str, str, Method]  # metric, number, method


def intervals(
    metric: AnyMetric, values: np.ndarray, drawn: np.ndarray, n: int
) -> Iterator[tuple[str, Method, Interval | None]]:
    """Yield every interval that makes sense for each number of a metric."""
    for position, number in enumerate(metric.numbers):
        value, column = float(values[position]), drawn[:, position]
        for method in METHODS:
            if method is Method.WILSON:
                if metric.interval is method:
                    yield number.name, method, wilson(round(value * n), n)
            elif method is not Method.LOGIT or (number.low, number.high) == (0, 1):
                found = None if np.isnan(value) else bootstrap_interval(method, value, column)[0]
                yield number.name, method, found


def coverage(
    population: Population, *, n: int, trials: int, replicates: int
) -> dict[Cell, tuple[float, float]]:
    """Return for each cell the share of intervals that hold the truth, and of samples without."""
    task = find_task(population.task)
    metrics = [find_metric(one, task=task) for one in population.metrics]
    drawn = population.draw(np.random.default_rng(0), TRUTH)
    truths = [one.per_example(*drawn).reduce() for one in metrics]
    held: dict[Cell, list[float]] = defaultdict(list)
    rng = np.random.default_rng(1)
    for trial in range(trials):
        sample = population.draw(rng, n)
        stats = [one.per_example(*sample) for one in metrics]
        resamples = resample(stats, Resampling(n, seed=trial, replicates=replicates))
        for metric, one, numbers, truth in zip(metrics, stats, resamples, truths, strict=True):
            for name, method, found in intervals(metric, one.reduce(), numbers, n):
                true = truth[metric.names.index(name)]
                none = found is None or found.low == found.high
                holds = np.nan if none or found is None else found.low <= true <= found.high
                held[metric.key, name, method].append(float(holds))
    return {cell: (_mean(one), float(np.isnan(one).mean())) for cell, one in held.items()}


def _mean(values: list[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def print_table(population: Population, found: dict[Cell, tuple[float, float]], n: int) -> None:
    task = find_task(population.task)
    for key, name in dict.fromkeys((key, name) for key, name, _ in found):
        in_use = find_metric(key, task=task).interval
        cells = [
            f"{found[key, name, method][0]:.1%}{'*' if method is in_use else ''}"
            if (key, name, method) in found
            else ""
            for method in METHODS
        ]
        without = found[key, name, Method.PERCENTILE][1]
        print(f"| {population.title} | {key} {name} | {n} | {' | '.join(cells)} | {without:.0%} |")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--examples", type=int, nargs="+", default=[100, 1000])
    options.add_argument("--trials", type=int, default=400)
    options.add_argument("--replicates", type=int, default=400)
    options.add_argument("--populations", nargs="+", default=list(POPULATIONS), choices=POPULATIONS)
    given = options.parse_args()
    print(f"| population | number | n | {' | '.join(METHODS)} | no interval |")
    for key in given.populations:
        for n in given.examples:
            found = coverage(
                POPULATIONS[key], n=n, trials=given.trials, replicates=given.replicates
            )
            print_table(POPULATIONS[key], found, n)


if __name__ == "__main__":
    main()
