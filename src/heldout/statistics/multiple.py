"""P-values adjusted for how many were looked at. Unknown ones (NaN) stay unknown and do not count."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjust so that, below 0.05, the chance of *any* false finding is at most 5 %.

    The i-th smallest of m is multiplied by m - i + 1, and none ends below a smaller one. Valid
    under any dependence.

    Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian
    Journal of Statistics 6 (1979).

    Raises:
        ValueError: A p-value is outside 0 and 1.
    """
    return _adjust(p_values, _step_down)


def benjamini_hochberg(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjust so that, below 0.05, at most 5 % of all findings are expected to be false.

    The i-th smallest of m is multiplied by m / i, and none ends above a larger one. Valid for
    independent tests and for those of positive dependence.

    Source: Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate", Journal of the
    Royal Statistical Society B 57 (1995).

    Raises:
        ValueError: A p-value is outside 0 and 1.
    """
    return _adjust(p_values, _step_up)


def _step_down(ordered: NDArray[np.float64]) -> NDArray[np.float64]:
    count = len(ordered)
    return np.maximum.accumulate(ordered * np.arange(count, 0, -1))


def _step_up(ordered: NDArray[np.float64]) -> NDArray[np.float64]:
    count = len(ordered)
    scaled = ordered * count / np.arange(1, count + 1)
    return np.minimum.accumulate(scaled[::-1])[::-1]


def _adjust(
    p_values: ArrayLike, step: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> NDArray[np.float64]:
    given = np.asarray(p_values, dtype=np.float64)
    adjusted = given.copy()
    known = np.flatnonzero(~np.isnan(given))
    if ((given[known] < 0) | (given[known] > 1)).any():
        raise ValueError("a p-value is a number between 0 and 1")
    order = known[np.argsort(given[known], kind="stable")]
    adjusted[order] = np.minimum(step(given[order]), 1)
    return adjusted
