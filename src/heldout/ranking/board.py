"""The leaderboard: who stands where, how sure that is, and no more than may be shown."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from heldout.evaluation.data import Floats
from heldout.evaluation.metric import Metric
from heldout.evaluation.stats import ExampleStats
from heldout.ranking.matrix import groups, pairs_from
from heldout.ranking.order import shared_ranks, sort_key
from heldout.ranking.rank_sets import RankRange, ranges_from
from heldout.ranking.replicates import paired_replicates, refuse_unaligned
from heldout.statistics.weights import Resampling


class Shown(StrEnum):
    """What a leaderboard may show beyond the order."""

    SCORE = "score"
    INTERVAL = "interval"


EVERYTHING = frozenset(Shown)
MOST_GROUPED = 40  # More entries make more pairs than Holm's adjustment leaves anything of.


@dataclass(frozen=True, eq=False)
class Entry:
    """One entrant's score.

    Attributes:
        entrant: A name, unique on the board.
        value: What ranks; None where scoring failed.
        low: Lower end of the value's interval.
        high: Upper end.
        n: Number of examples.
        stats: Of the same examples for all entries; None where there are none to compare by.
        submitted_at: Orders entries of equal value, the earliest first.
    """

    entrant: str
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    stats: ExampleStats | None = None
    submitted_at: datetime | None = None


@dataclass(frozen=True)
class Row:
    """One line of the leaderboard. What may not be shown is not in it.

    Attributes:
        rank: 1 is best; equal values share a rank.
        entrant: As in the entry.
        metric: The metric as it was asked for.
        name: Which of its numbers ranks.
        submitted_at: As in the entry.
        shown: What may be shown; the fields of anything else are None and not in the JSON.
        value: None where scoring failed, too.
        low: Lower end of the interval.
        high: Upper end.
        n: Number of examples.
        rank_low: The best rank that cannot be denied, from `rank_sets.rank_ranges`.
        rank_high: The worst.
        level_with_first: No entry is surely better; None where that is unknown.
        groups: Numbers of the critical-difference groups it is in, from 1: entries that share one
            cannot be told apart. Empty beyond the first `MOST_GROUPED`, and where it is unknown.
    """

    rank: int
    entrant: str
    metric: str
    name: str
    submitted_at: datetime | None
    shown: frozenset[Shown]
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    rank_low: int | None = None
    rank_high: int | None = None
    level_with_first: bool | None = None
    groups: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return what may be shown, ready for JSON."""
        fields: dict[str, Any] = {"rank": self.rank}
        if Shown.INTERVAL in self.shown:
            fields |= {"rank_low": self.rank_low, "rank_high": self.rank_high}
        fields |= {"entrant": self.entrant, "metric": self.metric, "name": self.name}
        if Shown.SCORE in self.shown:
            fields |= {"value": self.value, "n": self.n}
        if self.shown >= EVERYTHING:
            fields |= {"low": self.low, "high": self.high}
        if Shown.INTERVAL in self.shown:
            fields["level_with_first"] = self.level_with_first
            fields["groups"] = self.groups
        if self.submitted_at is not None:
            fields["submitted_at"] = self.submitted_at.isoformat()
        return fields


def leaderboard(
    entries: Sequence[Entry],
    *,
    metric: Metric[Any, Any],
    name: str | None = None,
    seed: int,
    replicates: int = 1000,
    clusters: ArrayLike | None = None,
    reveal: Collection[str] = EVERYTHING,
) -> list[Row]:
    """Order entries, best first.

    Args:
        entries: In any order.
        metric: What the values are of; it says which direction is better.
        name: The number that ranks; None takes the metric's first.
        seed: Of the resamples, shared by all entries of a phase.
        replicates: Number of resamples; 0 leaves the ranges of ranks out.
        clusters: One value per example; examples with equal values are drawn together.
        reveal: What may be shown, of `score` and `interval`. The rest is never reckoned.

    Raises:
        BadInput: The entries were not scored on the same examples.
    """
    number = next(one for one in metric.numbers if name in (None, one.name))
    better = number.higher_is_better
    shown = frozenset(Shown) & frozenset(reveal)
    ordered = sorted(entries, key=lambda entry: _position(entry, higher_is_better=better))
    ranks = shared_ranks([entry.value for entry in ordered], higher_is_better=better)
    places: dict[str, _Place] = {}
    if Shown.INTERVAL in shown and replicates:
        places = _places(ordered, number.name, better, seed, replicates, clusters)
    return [
        _row(entry, rank, places.get(entry.entrant), metric.key, number.name, shown)
        for entry, rank in zip(ordered, ranks, strict=True)
    ]


def _position(entry: Entry, *, higher_is_better: bool) -> tuple[tuple[bool, float], float, str]:
    when = entry.submitted_at.timestamp() if entry.submitted_at else 0.0
    return sort_key(entry.value, higher_is_better=higher_is_better), when, entry.entrant


class _Place(NamedTuple):
    within: RankRange
    groups: tuple[int, ...]


def _places(
    entries: Sequence[Entry],
    name: str,
    higher_is_better: bool,
    seed: int,
    replicates: int,
    clusters: ArrayLike | None,
) -> dict[str, _Place]:
    """Place the entries with statistics; those without can be above or below any."""
    scored = [entry for entry in entries if not sort_key(entry.value, higher_is_better=True)[0]]
    stats = {entry.entrant: entry.stats for entry in scored if entry.stats is not None}
    if not stats:
        return {}
    compared = list(stats.values())
    refuse_unaligned(compared)
    resampling = Resampling(len(compared[0]), seed=seed, replicates=replicates, clusters=clusters)
    drawn = paired_replicates(compared, name=name, resampling=resampling)
    values = np.array([one.reduce()[one.metric.names.index(name)] for one in compared])
    found = ranges_from(values, drawn, higher_is_better=higher_is_better)
    unknown = len(scored) - len(stats)
    groups = _groups(list(stats), values, drawn)
    return {
        entrant: _Place(
            RankRange(within.low, within.high + unknown),
            tuple(number for number, group in enumerate(groups, 1) if entrant in group),
        )
        for entrant, within in zip(stats, found, strict=True)
    }


def _groups(entrants: Sequence[str], values: Floats, drawn: Floats) -> list[tuple[str, ...]]:
    """Return the critical-difference groups of the first entries; they stand in order."""
    first = list(entrants[:MOST_GROUPED])
    if len(first) < 2:
        return []
    return groups(first, pairs_from(first, values[: len(first)], drawn[:, : len(first)]))


def _row(
    entry: Entry,
    rank: int,
    place: _Place | None,
    metric: str,
    name: str,
    shown: frozenset[Shown],
) -> Row:
    row = Row(rank, entry.entrant, metric, name, entry.submitted_at, shown)
    fields: dict[str, Any] = dict(vars(row))
    if Shown.SCORE in shown:
        failed = sort_key(entry.value, higher_is_better=True)[0]
        fields |= {"value": None if failed else entry.value, "n": entry.n}
    if shown >= EVERYTHING:
        fields |= {"low": entry.low, "high": entry.high}
    if place is not None:
        fields["rank_low"] = min(place.within.low, rank)
        fields["rank_high"] = max(place.within.high, rank)
        fields["level_with_first"] = place.within.low == 1
        fields["groups"] = place.groups
    return Row(**fields)
