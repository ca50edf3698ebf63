"""Intervals of a proportion."""

from __future__ import annotations

import math
from statistics import NormalDist

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
    if not (n > 0 and 0 <= successes <= n):
        raise ValueError(f"{successes} successes out of {n} trials is not a proportion")
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = successes / n
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    middle, scale = share + z * z / (2 * n), 1 + z * z / n
    low = 0.0 if successes == 0 else (middle - spread) / scale
    high = 1.0 if successes == n else (middle + spread) / scale
    return Interval(low, high)
