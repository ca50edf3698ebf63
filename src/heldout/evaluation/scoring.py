"""From predictions and references to scores with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from heldout.errors import Problems
from heldout.evaluation.data import Flags, Floats, Predictions, References
from heldout.evaluation.exact import Made, exact_intervals, why_too_rare
from heldout.evaluation.metric import Method
from heldout.evaluation.registry import AnyMetric
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.uncertainty import bootstrap_interval, resample, why_no_bootstrap
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
    exact = [_exact(*pair, one, resampling) for pair, one in zip(pairs, values, strict=True)]
    needy = [i for i, made in enumerate(exact) if None in made]
    drawn = dict(zip(needy, resample([stats[i] for i in needy], resampling), strict=True))
    return [
        _one_score(metric, number, values[i], made or _drawn(metric, values[i], drawn[i], number),
                   resampling)
        for i, metric in enumerate(metrics)
        for number, made in enumerate(exact[i])
    ]  # fmt: skip


def _exact(
    stats: ExampleStats, metric: AnyMetric, values: Floats, resampling: Resampling
) -> Sequence[Made | None]:
    """Return the intervals, or their lack, that are known without a resample; else None."""

    def without(value: float, reason: str) -> Made:
        undefined = metric.undefined if resampling.n else "there are no examples"
        return Made(None, Method.NONE, undefined if math.isnan(value) else reason)

    if resampling.replicates == 0 or np.isnan(values).all():
        return [without(float(value), "intervals were not asked for") for value in values]
    if metric.interval is Method.WILSON and resampling.clusters is None:
        hits = [round(float(value) * resampling.n) for value in values]
        return [Made(wilson(one, resampling.n), Method.WILSON) for one in hits]
    too_rare = why_too_rare(metric.class_sizes(stats))
    reasons = [
        why_no_bootstrap(metric.interval, resampling, fewest=max(metric.fewest, number.fewest))
        or too_rare
        for number in metric.numbers
    ]
    if all(reasons):
        return [without(float(value), why) for value, why in zip(values, reasons, strict=True)]
    made = exact_intervals(stats, metric, values, resampling)
    return [
        without(value, why) if why or math.isnan(value) else one
        for value, one, why in zip(map(float, values), made, reasons, strict=True)
    ]


def _drawn(metric: AnyMetric, values: Floats, replicates: Floats, number: int) -> Made:
    interval, method = bootstrap_interval(
        metric.interval, float(values[number]), replicates[:, number]
    )
    if interval is None:
        reason = f"too many resamples are undefined: {metric.undefined}"
    elif interval.low == interval.high:
        reason = "all resamples give the same number, which says nothing of its spread"
    else:
        return Made(interval, method)
    return Made(None, Method.NONE, reason)


def _one_score(
    metric: AnyMetric, number: int, values: Floats, made: Made, resampling: Resampling
) -> Score:
    value, interval = float(values[number]), made.interval
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
        method=str(made.method),
        reason=made.reason,
    )
