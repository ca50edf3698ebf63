"""How the top of a leaderboard moves over a challenge's life."""

from __future__ import annotations

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
        scored: The submission that took the lead.
        gain: How much better it is than the lead before, never negative; None for the first.
        number: How many submissions had been scored by then, it included.
    """

    scored: Scored
    gain: float | None
    number: int


def drift(submissions: Iterable[Scored], *, higher_is_better: bool = True) -> list[Lead]:
    """Return each submission that was better than all before it, in the order of time.

    The best of many looks better than it is, the more so the more there are: a lead that creeps
    upward by less than its interval is what reusing a test set alone brings about. `number` says how
    many looks it took.

    Args:
        submissions: Of one phase, in any order; those without a value are counted, not more.
        higher_is_better: The direction of the score.
    """
    leads: list[Lead] = []
    sign = 1 if higher_is_better else -1
    for number, one in enumerate(sorted(submissions, key=lambda one: one.at), 1):
        if one.value is None or math.isnan(one.value):
            continue
        before = leads[-1].scored.value if leads else None
        if before is None:
            leads.append(Lead(one, None, number))
        elif sign * (one.value - before) > 0:
            leads.append(Lead(one, sign * (one.value - before), number))
    return leads
