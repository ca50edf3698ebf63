"""How the top of a leaderboard moves over a challenge's life."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Scored:
    """One scored submission.

    Attributes:
        at: When it was handed in.
        entrant: Whose it is.
        value: Its score; None where it is undefined.
        low: Lower end of its interval, or None.
        high: Upper end, or None.
    """

    at: datetime
    entrant: str
    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Lead:
    """The best score from one moment on.

    Attributes:
        at: Since when.
        scored: The submission that led from then on.
        gain: How much better it is than the lead before; None for the first. Negative only where a
            lead was given up, which needs `latest`.
        number: How many submissions had been scored by then.
    """

    at: datetime
    scored: Scored
    gain: float | None
    number: int


def drift(
    submissions: Iterable[Scored], *, higher_is_better: bool = True, latest: bool = False
) -> list[Lead]:
    """Return each submission that came to lead, in the order of time.

    The best of many looks better than it is, the more so the more there are: a lead that creeps
    upward by less than its interval is what reusing a test set alone brings about. `number` says how
    many looks it took.

    Args:
        submissions: Of one phase, in any order; those without a value are counted, not more.
        higher_is_better: The direction of the score.
        latest: An entrant's later submission takes the place of the earlier, also a worse one.
    """
    leads: list[Lead] = []
    sign = 1 if higher_is_better else -1
    best_first: list[tuple[float, int, Scored]] = []
    newest: dict[str, Scored] = {}
    for number, one in enumerate(sorted(submissions, key=lambda one: one.at), 1):
        newest[one.entrant] = one
        if one.value is not None and not math.isnan(one.value):
            heapq.heappush(best_first, (-sign * one.value, number, one))
        while latest and best_first and newest[best_first[0][2].entrant] is not best_first[0][2]:
            heapq.heappop(best_first)
        if best_first:
            _follow(leads, best_first[0][2], one.at, sign, number)
    return leads


def _follow(leads: list[Lead], top: Scored, at: datetime, sign: int, number: int) -> None:
    """Add a lead if it is another one than before."""
    before = leads[-1].scored if leads else None
    if before is None:
        leads.append(Lead(at, top, None, number))
    elif (top.entrant, top.value) != (before.entrant, before.value):
        leads.append(Lead(at, top, sign * ((top.value or 0.0) - (before.value or 0.0)), number))
