"""Intervals of the area under a ROC curve."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

HALVINGS = 52  # Of the range in which a limit is looked for: as many as a float64 has bits.

Floats = NDArray[np.float64]


def newcombe(
    area: ArrayLike, positives: ArrayLike, negatives: ArrayLike, *, confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """Return lower and upper limits of areas, each from so many positive and negative examples.

    A limit is the area whose own standard error would just allow what was seen, as Wilson's is for
    a proportion. So a perfect area has an interval too, and none leaves 0 and 1.

    Source: R. G. Newcombe, "Confidence intervals for an effect size measure based on the
    Mann-Whitney statistic, part 2", Statistics in Medicine 25 (2006), method 5.

    Raises:
        ValueError: An area is outside 0 and 1, or rests on no example of a kind.
    """
    seen, above, below = (
        np.asarray(one, np.float64) for one in np.broadcast_arrays(area, positives, negatives)
    )
    if (seen < 0).any() or (seen > 1).any() or min(above.min(), below.min()) < 1:
        raise ValueError("an area between 0 and 1 rests on an example of either kind at least")
    z = NormalDist().inv_cdf(0.5 + confidence / 2)

    def limit(end: Floats) -> Floats:
        inner, outer = seen.copy(), end
        for _ in range(HALVINGS):
            middle = (inner + outer) / 2
            allowed = np.abs(seen - middle) <= z * _standard_error(middle, above, below)
            inner, outer = np.where(allowed, middle, inner), np.where(allowed, outer, middle)
        return inner

    return limit(np.zeros_like(seen)), limit(np.ones_like(seen))


def _standard_error(area: Floats, positives: Floats, negatives: Floats) -> Floats:
    """Return that of Hanley and McNeil, both sizes replaced by their mean where they enter alone."""
    pairs = (positives + negatives) / 2 - 1
    inner = 1 + pairs * ((1 - area) / (2 - area) + area / (1 + area))
    error: Floats = np.sqrt(area * (1 - area) * inner / (positives * negatives))
    return error
