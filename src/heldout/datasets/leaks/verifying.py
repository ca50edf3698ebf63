"""Is a pair of near hashes one picture? A closer look, without which chance pairs swamp large sets."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from heldout.datasets.leaks.grey import Grey, resampling
from heldout.datasets.leaks.hashing import CROPS

CELLS = 32
#: Two pictures of one scene correlate below this, copies above it, up to the crops and qualities tested.
LEAST = 0.75
_SHIFTS = (-1, 0, 1)

Patch = NDArray[np.float64]


def patch(grey: Grey, variant: int = 0) -> Patch:
    """Return a picture, cropped and mirrored as a variant is, at 32 x 32."""
    top, bottom, left, right = CROPS[variant % len(CROPS)]
    height, width = grey.shape
    small = _averaging(height, top, 1 - bottom) @ grey @ _averaging(width, left, 1 - right).T
    return np.asarray(small[:, ::-1] if variant >= len(CROPS) else small)


def correlation(first: Patch, second: Patch) -> float:
    """Return the largest normalised correlation over shifts by one cell, from -1 to 1.

    A crop that no variant has exactly is off by less than a cell.
    """
    return max(
        _correlate(*_overlapping(first, second, down, across))
        for down in _SHIFTS
        for across in _SHIFTS
    )


def _overlapping(first: Patch, second: Patch, down: int, across: int) -> tuple[Patch, Patch]:
    rows, columns = CELLS - abs(down), CELLS - abs(across)
    return (
        first[max(down, 0) :][:rows, max(across, 0) :][:, :columns],
        second[max(-down, 0) :][:rows, max(-across, 0) :][:, :columns],
    )


def _correlate(first: Patch, second: Patch) -> float:
    a, b = first - first.mean(), second - second.mean()
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    if size < 1e-9:  # Two blank pictures are alike; a blank one and another are not.
        return float(np.array_equal(np.round(first), np.round(second)))
    return float((a * b).sum()) / size


@lru_cache(maxsize=4096)
def _averaging(length: int, low: float, high: float) -> NDArray[np.float64]:
    return resampling(length, low, high, CELLS)
