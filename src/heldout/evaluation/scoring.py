"""From predictions and references to scores with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from heldout.errors import Problems
from heldout.evaluation.data import Flags, Floats, Predictions, References
from heldout.evaluation.metric import Method
from heldout.evaluation.registry import AnyMetric
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.uncertainty import bootstrap_interval, resample, why_no_bootstrap
from heldout.statistics.intervals import Interval
from heldout.statistics.proportions import wilson
from heldout.statistics.weights import Resampling

REPLICATES = 1000


@dataclass(frozen=True)
class Score:
    """One number with all that is needed to judge and to repeat it.

    Attributes:
        metric: The metric as it was asked for: `top-k:k=5`.
        name: Which of the metric's numbers.
        value: None where the number is undefined.
        low: Lower end of the 95 % interval, within the bounds of the number, or None.
        high: Upper end, or None.
        n: Number of examples.
        seed: Of the resamples.
        version: Of the metric.
        method: How the interval was made.
        reason: Why there is no value or no interval; empty where there are both.
    """

    metric: str
    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    seed: int
    version: str
    method: str
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Scoring:
    """The scores of one submission, and the statistics they came from.

    Attributes:
        scores: In the order of the metrics and their names.
        stats: By metric key, of all examples, retired ones included.
    """

    scores: tuple[Score, ...]
    stats: dict[str, ExampleStats]


def score(
    predictions: Predictions,
    references: References,
    metrics: Sequence[AnyMetric],
    *,
    seed: int,
    replicates: int = REPLICATES,
    clusters: ArrayLike | None = None,
    keep: Flags | None = None,
) -> Scoring:
    """Score predictions with every metric.

    Args:
        predictions: In the order of the references.
        references: The answers.
        metrics: As `registry.find_metric` returns them.
        seed: Of the resamples; equal seeds give equal intervals.
        replicates: Number of resamples; 0 leaves intervals out.
        clusters: One value per example; examples with equal values are drawn together.
        keep: One flag per example; retired and private examples are False.

    Raises:
        BadInput: The predictions lack what a metric needs; all metrics are checked.
    """
    metrics = list({metric.key: metric for metric in metrics}.values())
    check_needs(predictions, metrics)
    stats = {metric.key: metric.per_example(predictions, references) for metric in metrics}
    kept, kept_clusters = list(stats.values()), clusters
    if keep is not None:
        kept = [one.take(keep) for one in kept]
        kept_clusters = None if clusters is None else np.asarray(clusters)[keep]
    resampling = Resampling(
        int(len(references.example_ids) if keep is None else keep.sum()),
        seed=seed,
        replicates=replicates,
        clusters=kept_clusters,
    )
    return Scoring(tuple(score_stats(kept, metrics, resampling)), stats)


def check_needs(predictions: Predictions, metrics: Sequence[AnyMetric]) -> None:
    """Refuse predictions that lack what a metric needs, naming every lack."""
    problems = Problems()
    for metric in metrics:
        problems.extend(metric.unmet(predictions))
    problems.refuse_if_any()


def score_stats(
    stats: Sequence[ExampleStats], metrics: Sequence[AnyMetric], resampling: Resampling
) -> list[Score]:
    """Score statistics that were kept; one list over all metrics and their names."""
    pairs = list(zip(stats, metrics, strict=True))
    values = [one.reduce() for one in stats]
    drawn = iter(_draw(pairs, resampling))
    replicates = [next(drawn) if _needs_draws(metric, resampling) else None for _, metric in pairs]
    return [
        _one_score(metric, number, values[i], replicates[i], resampling)
        for i, metric in enumerate(metrics)
        for number in range(len(metric.names))
    ]


def _needs_draws(metric: AnyMetric, resampling: Resampling) -> bool:
    proportion = metric.interval is Method.WILSON and resampling.clusters is None
    wanted = resampling.replicates > 0 and not proportion
    return wanted and not why_no_bootstrap(metric.interval, resampling)


def _draw(pairs: Sequence[tuple[ExampleStats, AnyMetric]], resampling: Resampling) -> list[Floats]:
    return resample([one for one, metric in pairs if _needs_draws(metric, resampling)], resampling)


def _one_score(
    metric: AnyMetric,
    number: int,
    values: Floats,
    replicates: Floats | None,
    resampling: Resampling,
) -> Score:
    value = float(values[number])
    drawn = None if replicates is None else replicates[:, number]
    interval, method, reason = _interval(metric, value, drawn, resampling)
    bounds = metric.numbers[number]
    return Score(
        metric=metric.key,
        name=metric.names[number],
        value=None if math.isnan(value) else value,
        low=max(interval.low, bounds.low) if interval else None,
        high=min(interval.high, bounds.high) if interval else None,
        n=resampling.n,
        seed=resampling.seed,
        version=metric.version,
        method=method,
        reason=reason,
    )


def _interval(
    metric: AnyMetric, value: float, drawn: Floats | None, resampling: Resampling
) -> tuple[Interval | None, str, str]:
    none = str(Method.NONE)
    if math.isnan(value):
        return None, none, metric.undefined if resampling.n else "there are no examples"
    if resampling.replicates == 0:
        return None, none, "intervals were not asked for"
    if metric.interval is Method.WILSON and resampling.clusters is None:
        return wilson(round(value * resampling.n), resampling.n), str(Method.WILSON), ""
    if drawn is None:
        return None, none, why_no_bootstrap(metric.interval, resampling)
    interval, method = bootstrap_interval(metric.interval, value, drawn)
    if interval is None:
        return None, none, f"too many resamples are undefined: {metric.undefined}"
    if interval.low == interval.high:
        return None, none, "all resamples give the same number, which says nothing of its spread"
    return interval, str(method), ""
