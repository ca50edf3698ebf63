"""How often each unit is drawn in each resample, kept for whoever resamples the same next.

All submissions of a phase share their resamples, and every number of one submission does. Drawing
costs more than most statistics that are computed with it, so small ones are kept, a byte per count.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

# A thousand resamples of 16,000 units are kept, and four such; what is larger is drawn each time.
LARGEST_BYTES, MOST_BYTES = 1 << 24, 1 << 26

Small: TypeAlias = NDArray[np.uint8]
Large: TypeAlias = NDArray[np.float64]
_kept: OrderedDict[tuple[int, int, int], Small] = OrderedDict()
_lock = Lock()


def counts(seed: int, units: int, replicates: int, start: int, stop: int) -> Small | Large:
    """Return how often each unit is drawn: (replicates from `start` to below `stop`, units).

    Replicate r depends on the seed, r and the number of units alone.
    """
    small = _small(seed, units, replicates) if replicates * units <= LARGEST_BYTES else None
    if small is not None:
        return small[start:stop]
    drawn = np.empty((min(stop, replicates) - start, units))
    for row, replicate in zip(drawn, range(start, replicates), strict=False):
        row[:] = _draw(seed, units, replicate)
    return drawn


def _draw(seed: int, units: int, replicate: int) -> NDArray[np.intp]:
    chosen = np.random.default_rng((seed, replicate)).integers(units, size=units)
    return np.bincount(chosen, minlength=units)


def _small(seed: int, units: int, replicates: int) -> Small | None:
    """All replicates, drawn or kept; None if a count is beyond a byte."""
    key = (seed, units, replicates)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    drawn = np.empty((replicates, units), np.uint8)
    for replicate, row in enumerate(drawn):
        found = _draw(seed, units, replicate)
        if found.max(initial=0) > np.iinfo(np.uint8).max:
            return None
        row[:] = found
    _keep(key, drawn)
    return drawn


def _keep(key: tuple[int, int, int], drawn: Small) -> None:
    with _lock:
        _kept[key] = drawn
        while sum(one.nbytes for one in _kept.values()) > MOST_BYTES:
            _kept.popitem(last=False)
