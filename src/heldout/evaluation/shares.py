"""How far a score on the public share of a test set is from the one that decides."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from heldout.evaluation.data import Flags
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.uncertainty import standard_error_interval
from heldout.statistics.weights import Resampling


@dataclass(frozen=True)
class ShareGap:
    """One number of an entry on both shares.

    Attributes:
        metric: The metric as it was asked for.
        name: Which of its numbers.
        public: Its value on the public share; None where it is undefined.
        private: On the rest.
        gap: Public less private, turned so that above 0 means: better in public.
        low: Lower end of the gap's 95 % interval; None where it is undefined.
        high: Upper end.
        n_public: Examples of the public share.
        n_private: Examples of the rest.
    """

    metric: str
    name: str
    public: float | None
    private: float | None
    gap: float | None
    low: float | None
    high: float | None
    n_public: int
    n_private: int

    @property
    def fitted(self) -> bool:
        """Whether the entry is surely better in public: it was fitted to what it was told."""
        return self.low is not None and self.low > 0


def share_gap(
    stats: ExampleStats,
    public: Flags,
    *,
    name: str | None = None,
    higher_is_better: bool = True,
    resampling: Resampling,
) -> ShareGap:
    """Compare an entry's score on the public share with the score on the rest.

    Without reuse of the public share the gap is noise around 0, and its interval holds 0. Both
    shares are resampled with the weights of the whole.

    Args:
        stats: Of all examples.
        public: One flag per example.
        name: The number to compare; None takes the metric's first.
        higher_is_better: Its direction.
        resampling: Of all examples.
    """
    position = stats.metric.names.index(name) if name else 0
    sides = [np.flatnonzero(public), np.flatnonzero(~public)]
    own = [stats.take(side) for side in sides]
    values = [float(one.reduce()[position]) for one in own]
    drawn = np.concatenate(
        [
            own[0].reduce(weights[:, sides[0]])[:, position]
            - own[1].reduce(weights[:, sides[1]])[:, position]
            for weights in resampling.blocks()
        ]
    )
    sign = 1 if higher_is_better else -1
    gap = sign * (values[0] - values[1])
    interval = None if np.isnan(gap) else standard_error_interval(gap, sign * drawn)
    return ShareGap(
        metric=stats.metric.key,
        name=stats.metric.names[position],
        public=_known(values[0]),
        private=_known(values[1]),
        gap=_known(gap),
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        n_public=len(sides[0]),
        n_private=len(sides[1]),
    )


def difference_interval(
    first: tuple[float, float, float], second: tuple[float, float, float]
) -> tuple[float, float]:
    """Return the interval of a difference of two numbers that were measured on different examples.

    Each limit is as far from the difference as the two limits it comes from, as the sides of a right
    angle: the method MOVER, which needs no resampling and keeps intervals that are not symmetric.

    Args:
        first: Value, lower and upper end of its interval.
        second: The same of the number that is taken away.

    Source: Zou & Donner, "Construction of confidence limits about effect measures: a general
    approach", Statistics in Medicine 27, 2008.
    """
    value, low, high = first
    other, other_low, other_high = second
    gap = value - other
    below, above = (
        math.hypot(value - low, other_high - other),
        math.hypot(high - value, other - other_low),
    )
    return gap - below, gap + above


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
