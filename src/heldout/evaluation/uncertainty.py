"""Intervals of scores: how far another sample of examples might have moved them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from heldout.evaluation.data import Floats
from heldout.evaluation.metric import Method, Metric
from heldout.evaluation.stats import ExampleStats
from heldout.statistics.intervals import Interval
from heldout.statistics.weights import Resampling

FEWEST = 10  # Independent examples or clusters below which a bootstrap says nothing.
UNDEFINED_SHARE = 0.01  # More undefined resamples than this, and the rest is a biased choice.


def resample(stats: Sequence[ExampleStats], resampling: Resampling) -> list[Floats]:
    """Return the numbers of each metric on every resample: (replicates, names) for each.

    Where examples have few distinct statistics these are counted instead of the examples: the same
    distribution at a fraction of the work. Some metrics count in a way of their own. The others
    share the weights.
    """
    counted = [_resample_counts(one, resampling) for one in stats]
    rest = [one for one, numbers in zip(stats, counted, strict=True) if numbers is None]
    weighed = iter(_resample_examples(rest, resampling))
    return [next(weighed) if numbers is None else numbers for numbers in counted]


def bootstrap_interval(
    method: Method, value: float, replicates: Floats
) -> tuple[Interval | None, Method]:
    """Return the 95 % interval of one number, and how it was made."""
    if method in (Method.STANDARD_ERROR, Method.JACKKNIFE):
        return standard_error_interval(value, replicates), Method.STANDARD_ERROR
    if method is Method.BIASED_UPWARD:
        return biased_interval(value, replicates), method
    if method is Method.LOGIT:
        return logit_interval(value, replicates), method
    return percentile_interval(replicates), Method.PERCENTILE


def standard_error_interval(
    value: float, replicates: Floats, *, confidence: float = 0.95
) -> Interval | None:
    """Return the value ± z × the standard deviation of its replicates.

    For numbers whose replicates are biased, such as average precision: a resample holds the same
    detection twice, and the percentiles of such replicates miss the truth. None where too many are
    undefined.
    """
    spread = _spread(replicates, confidence)
    return None if spread is None else Interval(value - spread, value + spread)


def biased_interval(value: float, replicates: Floats) -> Interval | None:
    """Return the same with a lower side longer by twice what the replicates exceed the value by.

    For average precision of detections, which is the higher the fewer images there are. Resamples
    show about half of that bias: of 1,000 images of a simulated population AP was too high by half
    a standard error, and its resamples higher still by a quarter.
    """
    plain = standard_error_interval(value, replicates)
    if plain is None:
        return None
    bias = max(0.0, float(np.nanmean(replicates)) - value)
    return Interval(plain.low - 2 * bias, plain.high)


def logit_interval(
    value: float, replicates: Floats, *, confidence: float = 0.95
) -> Interval | None:
    """Return the value ± z × the standard deviation of its replicates, taken on the logit scale.

    For numbers between 0 and 1 whose spread shrinks towards the ends, such as the area under the
    ROC curve; the interval never leaves (0, 1). At 0 and 1 themselves the logit has no value, and
    the interval no width.
    """
    spread = _spread(replicates, confidence)
    if spread is None:
        return None
    if not 0 < value < 1:
        return Interval(value, value)
    odds, factor = value / (1 - value), math.exp(min(spread / (value * (1 - value)), 700))
    low, high = odds / factor, odds * factor
    return Interval(low / (1 + low), 1 / (1 + 1 / high))


def _spread(replicates: Floats, confidence: float) -> float | None:
    """Return z times the standard deviation; None where too many replicates are undefined."""
    defined = replicates[~np.isnan(replicates)]
    if len(defined) < max(2, (1 - UNDEFINED_SHARE) * len(replicates)):
        return None
    return NormalDist().inv_cdf(0.5 + confidence / 2) * float(defined.std(ddof=1))


def percentile_interval(replicates: Floats, *, confidence: float = 0.95) -> Interval | None:
    """Return the central range of one number's replicates; None where too many are undefined."""
    defined = replicates[~np.isnan(replicates)]
    if len(defined) < (1 - UNDEFINED_SHARE) * max(1, len(replicates)):
        return None
    tail = (1 - confidence) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Interval(float(low), float(high))


def why_no_bootstrap(method: Method, resampling: Resampling, *, fewest: int = FEWEST) -> str:
    """Return why there can be no interval from examples, as a clause; empty where there can."""
    if method is Method.NONE:
        return "this metric has no valid interval"
    fewest = max(fewest, FEWEST)
    if resampling.units < fewest:
        unit = "examples" if resampling.clusters is None else "clusters"
        return f"{resampling.units} {unit} are too few for an interval (fewest: {fewest})"
    return ""


def _resample_counts(stats: ExampleStats, resampling: Resampling) -> Floats | None:
    if isinstance(stats.metric, Metric):
        own: Floats | None = stats.metric.resampled(stats, resampling)
        if own is not None:
            return own
    atoms = stats.atoms() if resampling.clusters is None else None
    if atoms is None or len(atoms.sizes) * 2 > len(stats):
        return None
    blocks = resampling.group_blocks(atoms.sizes)
    return np.concatenate([atoms.stats.reduce(counts) for counts in blocks])


def _resample_examples(stats: list[ExampleStats], resampling: Resampling) -> list[Floats]:
    if not stats:
        return []
    blocks = [[one.reduce(weights) for one in stats] for weights in resampling.blocks()]
    return [np.concatenate(numbers) for numbers in zip(*blocks, strict=True)]
