"""Intervals from how far each example moves a number."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from heldout.statistics.intervals import Interval

FARTHEST = 700.0  # Of a logarithm; beyond it a float64 has no room.


class Scale(NamedTuple):
    """A transformation of a number, its inverse, its slope, and whether it has a value there."""

    forth: Callable[[float], float]
    back: Callable[[float], float]
    slope: Callable[[float], float]
    holds: Callable[[float], bool]


PLAIN = Scale(lambda x: x, lambda y: y, lambda _: 1.0, math.isfinite)
LOG = Scale(math.log, math.exp, lambda x: 1 / x, lambda x: 0 < x < math.inf)
LOGIT = Scale(
    lambda x: math.log(x / (1 - x)),
    lambda y: 1 / (1 + math.exp(-y)),
    lambda x: 1 / (x * (1 - x)),
    lambda x: 0 < x < 1,
)


def jackknife_interval(
    value: float, moved: NDArray[np.float64], *, scale: Scale = PLAIN, confidence: float = 0.95
) -> Interval | None:
    """Return the value ± t × its standard error on a scale that has no end where the number has.

    The standard error comes from leaving single examples out. How far it can be trusted comes from
    the same: a variance that rests on few examples has few degrees of freedom, and the quantile of
    Student's t is taken with those. They follow from the fourth powers: the variance of a variance
    is that of the squares.

    Source: J. W. Tukey's jackknife; the degrees of freedom are F. E. Satterthwaite's, "An
    approximate distribution of estimates of variance components", Biometrics Bulletin 2 (1946).

    Args:
        value: The number.
        moved: (units,), how far each independent unit moves it; the variance is the sum of squares.
        scale: Where the spread is taken.
        confidence: Nominal.

    Returns:
        None where the spread is unknown or none, or the scale has no such number.
    """
    units, squares = len(moved), float(np.square(moved).sum())
    if units < 2 or not (0 < squares < math.inf) or not scale.holds(value):
        return None
    kurtosis = units * float((moved**4).sum()) / squares**2
    freedom = min(units - 1.0, max(1.0, 2 * units / max(kurtosis - 1, 1e-9)))
    t = float(stdtrit(freedom, 0.5 + confidence / 2))
    spread = t * math.sqrt(squares * units / (units - 1)) * scale.slope(value)
    at = scale.forth(value)
    ends = (max(-FARTHEST, min(at + side * spread, FARTHEST)) for side in (-1, 1))
    return Interval(*map(scale.back, ends))
