"""All pairs of hashes that differ in few bits, exactly and without comparing all with all.

Two 64-bit hashes within radius r agree, in one of four parts of 16 bits, up to r // 4 bits (pigeonhole). So
each part is sorted once, and the other side's parts, with every such change of few bits, are looked up.
Source: Norouzi, Punjani and Fleet, "Fast Search in Hamming Space with Multi-Index Hashing" (CVPR 2012).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from heldout.datasets.leaks.hashing import Hashes

Pairs = NDArray[np.int64]

_PARTS, _BITS = 4, 16
_MASK = np.uint64(2**_BITS - 1)
_BLOCK = 4_000_000


def near_pairs(left: Hashes, right: Hashes, *, radius: int) -> Pairs:
    """Return every pair (index in `left`, index in `right`) within a Hamming distance, sorted.

    Args:
        left: 64-bit hashes, the fewer.
        right: 64-bit hashes.
        radius: Largest number of bits that differ, 0 to 15.

    Returns:
        Shape (pairs, 2).
    """
    if not 0 <= radius < _PARTS * _PARTS:
        raise ValueError(f"radius {radius} is not in 0 to 15")
    found = [np.empty((0, 2), np.int64)]
    for part in range(_PARTS):
        found.extend(_pairs_in_part(left, right, part, radius))
    return np.unique(np.concatenate(found), axis=0)


def candidates(left: int, right: int, *, radius: int) -> float:
    """Return about how many comparisons `near_pairs` makes if hashes are spread evenly."""
    return left * right * len(_changes(radius // _PARTS)) * (_PARTS / 2.0**_BITS)


def _pairs_in_part(left: Hashes, right: Hashes, part: int, radius: int) -> Iterator[Pairs]:
    shift = np.uint64(_BITS * part)
    keys = (left >> shift) & _MASK
    theirs = (right >> shift) & _MASK
    order = np.argsort(theirs, kind="stable")
    starts = np.searchsorted(theirs[order], np.arange(2**_BITS + 1, dtype=np.uint64))
    for change in _changes(radius // _PARTS):
        wanted = (keys ^ change).astype(np.int64)
        counts = starts[wanted + 1] - starts[wanted]
        for low, high in _blocks(counts):
            mine, other = _expand(low, high, wanted, counts, starts, order)
            near = np.bitwise_count(left[mine] ^ right[other]) <= radius
            yield np.stack([mine[near], other[near]], axis=1)


def _changes(bits: int) -> Hashes:
    """Return every change of up to so many bits in one part."""
    every = np.arange(2**_BITS, dtype=np.uint64)
    return every[np.bitwise_count(every) <= bits]


def _blocks(counts: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield ranges of the left side whose candidates fit into memory together."""
    ends = np.cumsum(counts)
    low, done = 0, 0
    while low < len(counts):
        high = max(int(np.searchsorted(ends, done + _BLOCK, side="right")), low + 1)
        yield low, high
        low, done = high, int(ends[high - 1])


def _expand(
    low: int,
    high: int,
    wanted: NDArray[np.int64],
    counts: NDArray[np.int64],
    starts: NDArray[np.int64],
    order: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    n = counts[low:high]
    before = np.cumsum(n) - n
    mine = np.repeat(np.arange(low, high), n)
    places = np.repeat(starts[wanted[low:high]] - before, n) + np.arange(int(n.sum()))
    return mine, order[places]
