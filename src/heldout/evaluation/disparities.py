"""How unequal a number is over groups, without taking noise for inequality."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
import polars as pl

from heldout.evaluation.data import AnyArray, Floats
from heldout.evaluation.metric import Number
from heldout.evaluation.registry import AnyMetric
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.subgroups import Group, groups_of, suppressed
from heldout.evaluation.uncertainty import why_no_bootstrap
from heldout.statistics.intervals import Interval
from heldout.statistics.weights import Resampling

ALONE = 1.96  # The limit of a single group or pair: of several it is never smaller.
FEWEST = 10  # Examples of a group below which it is left out.


@dataclass(frozen=True)
class GroupInterval:
    """One group's number, with an interval that holds together with those of all other groups."""

    subgroup: dict[str, str]
    n: int
    value: float
    interval: Interval


@dataclass(frozen=True)
class Spread:
    """How far the groups are apart.

    Attributes:
        observed: Between the best and the worst group as measured; noise alone makes it large.
        corrected: Less what resampling adds to it once more; never beyond equality.
        interval: Holds the true value: from what some pair of groups surely differs by, up to what
            any pair could differ by.
    """

    observed: float
    corrected: float
    interval: Interval


@dataclass(frozen=True)
class Disparity:
    """One number over all groups of one column, or of an intersection.

    Attributes:
        by: The columns.
        metric: The metric as it was asked for.
        name: Which of its numbers.
        groups: With simultaneous 95 % intervals, in the order of their names.
        worst: The group with the worst value.
        gap: Best less worst, or worst less best where less is better.
        ratio: The smaller over the larger; None where a value or a resample is not above 0.
        left_out: Groups that have no interval: too few examples, an undefined number, or one that
            is withheld.
    """

    by: tuple[str, ...]
    metric: str
    name: str
    groups: tuple[GroupInterval, ...]
    worst: dict[str, str]
    gap: Spread
    ratio: Spread | None
    left_out: tuple[dict[str, str], ...]


def disparity(
    stats: ExampleStats,
    columns: pl.DataFrame,
    *,
    by: Sequence[str],
    name: str,
    higher_is_better: bool = True,
    resampling: Resampling,
) -> Disparity | None:
    """Compare the groups of a column, or of several columns' intersection.

    All groups see the same resamples of all examples. The limit is the 95 % quantile of the largest
    deviation, over its standard error, of any group (for the intervals) or of any pair of groups
    (for gap and ratio), so looking at the worst of many is no mistake.

    Args:
        stats: Of all examples.
        columns: One row per example, in the same order.
        by: Names of the columns.
        name: The number to compare.
        higher_is_better: Its direction.
        resampling: Of all examples, with clusters where there are any.

    Returns:
        None where fewer than two groups have an interval.
    """
    found = groups_of(columns, by)
    position = stats.metric.names.index(name)
    own = _take(stats, found)
    values = np.stack([one.reduce() for one in own])
    (drawn,) = _resample([own], [found], resampling)
    number = Number(name, -np.inf, np.inf, higher_is_better)
    about = (tuple(by), stats.metric.key)
    return _compare(about, number, found, [], values[:, position], drawn[..., position])


def disparities(
    scored: Sequence[tuple[AnyMetric, ExampleStats]],
    columns: pl.DataFrame,
    *,
    by: Sequence[Sequence[str]],
    smallest_group: int = 1,
    protect: bool = False,
    resampling: Resampling,
) -> list[Disparity]:
    """Compare the groups of several columns and intersections by every number of several metrics.

    All of them see the same resamples, which are drawn once.

    Args:
        scored: Metrics with the statistics of all examples.
        columns: One row per example, in the same order.
        by: Names of columns, for each comparison.
        smallest_group: Groups with fewer examples are left out.
        protect: As in `subgroups.disaggregate`: what is withheld there is left out here.
        resampling: Of all examples, with clusters where there are any.

    Returns:
        One for each metric, entry of `by` and number, where two groups or more have an interval.
    """
    cases = []
    for metric, stats in scored:
        if why_no_bootstrap(metric.interval, resampling, fewest=metric.fewest):
            continue
        for names in by:
            found = groups_of(columns, names)
            hidden = suppressed(found, smallest_group, protect=protect)
            kept = [
                group.n >= metric.fewest and not gone
                for group, gone in zip(found, hidden, strict=True)
            ]
            if sum(kept) > 1:
                shown = [group for group, here in zip(found, kept, strict=True) if here]
                rest = [group for group, here in zip(found, kept, strict=True) if not here]
                cases.append(_Case(metric, tuple(names), shown, rest, _take(stats, shown)))
    drawn = _resample([case.stats for case in cases], [case.shown for case in cases], resampling)
    compared = (one for case, each in zip(cases, drawn, strict=True) for one in case.compare(each))
    return [one for one in compared if one is not None]


class _Case(NamedTuple):
    """The groups of one comparison, with the statistics of each."""

    metric: AnyMetric
    by: tuple[str, ...]
    shown: list[Group]
    withheld: list[Group]
    stats: list[ExampleStats]

    def compare(self, drawn: Floats) -> Iterator[Disparity | None]:
        """Compare by each number: drawn (replicates, groups, names)."""
        values = np.stack([one.reduce() for one in self.stats])
        about = (self.by, self.metric.key)
        for i, number in enumerate(self.metric.numbers):
            yield _compare(about, number, self.shown, self.withheld, values[:, i], drawn[..., i])


def _take(stats: ExampleStats, groups: Sequence[Group]) -> list[ExampleStats]:
    return [stats.take(group.members) for group in groups]


def _resample(
    stats: Sequence[Sequence[ExampleStats]],
    groups: Sequence[Sequence[Group]],
    resampling: Resampling,
) -> list[Floats]:
    """Return (replicates, groups, names) for each set of groups, under the same resamples."""
    if not stats:
        return []
    blocks = [
        [
            np.stack(
                [
                    one.reduce(weights[:, group.members])
                    for one, group in zip(own, found, strict=True)
                ],
                axis=1,
            )
            for own, found in zip(stats, groups, strict=True)
        ]
        for weights in resampling.blocks()
    ]
    return [np.concatenate(parts) for parts in zip(*blocks, strict=True)]


def _compare(
    about: tuple[tuple[str, ...], str],
    number: Number,
    found: Sequence[Group],
    withheld: Sequence[Group],
    values: Floats,
    drawn: Floats,
) -> Disparity | None:
    """Compare by one number: values (groups,), drawn (replicates, groups)."""
    kept = [i for i, group in enumerate(found) if group.n >= FEWEST]
    kept = [i for i in kept if not np.isnan([values[i], *drawn[:, i]]).any()]
    if len(kept) < 2:
        return None
    values, drawn, chosen = values[kept], drawn[:, kept], [found[i] for i in kept]
    floors = _floors(values, drawn, np.array([group.n for group in chosen]))
    positive = values.min() > 0 and drawn.min() > 0
    worst = int(np.argmin(values) if number.higher_is_better else np.argmax(values))
    left_out = [group for i, group in enumerate(found) if i not in kept]
    return Disparity(
        *about,
        number.name,
        groups=tuple(_intervals(number, chosen, values, drawn, floors)),
        worst=chosen[worst].name,
        gap=_spread(values, drawn, floors),
        ratio=_as_ratio(_spread(np.log(values), np.log(drawn), floors / values))
        if positive
        else None,
        left_out=tuple(group.name for group in (*left_out, *withheld)),
    )


def limit(drawn: Floats, values: Floats, errors: Floats) -> float:
    """Return the 95 % quantile of the largest deviation over its standard error."""
    moving = errors > 0
    if not moving.any():
        return 0.0
    scaled = np.abs(drawn[:, moving] - values[moving]) / errors[moving]
    return float(np.quantile(scaled.max(axis=1), 0.95))


def _intervals(
    number: Number, found: Sequence[Group], values: Floats, drawn: Floats, floors: Floats
) -> list[GroupInterval]:
    errors = np.maximum(drawn.std(axis=0, ddof=1), floors)
    widths = max(limit(drawn, values, errors), ALONE) * errors
    lows, highs = np.maximum(values - widths, number.low), np.minimum(values + widths, number.high)
    return [
        GroupInterval(group.name, group.n, value, Interval(low, high))
        for group, value, low, high in zip(
            found, values.tolist(), lows.tolist(), highs.tolist(), strict=True
        )
    ]


def _floors(values: Floats, drawn: Floats, sizes: AnyArray) -> Floats:
    """Return the standard error of groups that are right, or wrong, throughout; 0 for others.

    All their resamples are alike, which does not make them certain: two more right and two more
    wrong examples (Agresti and Coull) say how uncertain they are.
    """
    alike = (np.ptp(drawn, axis=0) == 0) & ((values == 0) | (values == 1))
    shares = (np.clip(values, 0, 1) * sizes + 2) / (sizes + 4)
    return np.where(alike, np.sqrt(shares * (1 - shares) / (sizes + 4)), 0.0)


def _spread(values: Floats, drawn: Floats, floors: Floats) -> Spread:
    first, second = np.array(list(combinations(range(len(values)), 2))).T
    differences, resampled = values[first] - values[second], drawn[:, first] - drawn[:, second]
    drawn_errors = resampled.std(axis=0, ddof=1)
    errors = np.sqrt(drawn_errors**2 + floors[first] ** 2 + floors[second] ** 2)
    widths = max(limit(resampled, differences, drawn_errors), ALONE) * errors
    low, high = np.abs(differences) - widths, np.abs(differences) + widths
    observed = float(np.ptp(values))
    corrected = max(0.0, 2 * observed - float(np.ptp(drawn, axis=1).mean()))
    return Spread(observed, corrected, Interval(max(0.0, float(low.max())), float(high.max())))


def _as_ratio(spread: Spread) -> Spread:
    low, high = np.exp([-spread.interval.high, -spread.interval.low])
    observed, corrected = np.exp([-spread.observed, -spread.corrected])
    return Spread(float(observed), float(corrected), Interval(float(low), float(high)))
