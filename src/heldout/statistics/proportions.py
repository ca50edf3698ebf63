"""Intervals of proportions."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heldout.statistics.intervals import Interval


def wilson(successes: float, n: float, *, confidence: float = 0.95) -> Interval:
    """Return the score interval of Wilson for `successes` out of `n` independent trials.

    Unlike the interval of Wald it never leaves [0, 1], has no width of zero at 0 or `n` successes,
    and covers close to its nominal confidence from a few dozen trials on.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    JASA 22 (1927).

    Raises:
        ValueError: `n` is not positive, or `successes` is not between 0 and `n`.
    """
    low, high = wilson_limits(successes, n, confidence=confidence)
    return Interval(float(low), float(high))


def wilson_limits(
    successes: ArrayLike, n: ArrayLike, *, confidence: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lower and the upper limits of `wilson` for many proportions at once.

    Raises:
        ValueError: As `wilson`.
    """
    hits, trials = np.asarray(successes, np.float64), np.asarray(n, np.float64)
    if not ((trials > 0) & (hits >= 0) & (hits <= trials)).all():
        raise ValueError(f"{hits} successes out of {trials} trials is not a proportion")
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = hits / trials
    spread = z * np.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    middle, scale = share + z * z / (2 * trials), 1 + z * z / trials
    low = np.where(hits == 0, 0.0, (middle - spread) / scale)
    return low, np.where(hits == trials, 1.0, (middle + spread) / scale)
