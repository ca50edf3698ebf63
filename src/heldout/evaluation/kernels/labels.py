"""Ranks of true classes among scores, and counts of classes in resamples."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from heldout.evaluation.kernels.compiled import compiled

Ints = NDArray[np.int64]
Slots = NDArray[Any]
Counts = NDArray[np.int32]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
HALF, LOW = np.uint64(32), np.uint64(0xFFFFFFFF)


@compiled
def rank(scores: NDArray[Any], labels: NDArray[np.int32], before: Ints) -> None:
    """Fill how many classes rank before each label: higher, or equal and declared later.

    Args:
        scores: (n, classes), of any floating type.
        labels: (n,)
        before: (n,), written.
    """
    classes = scores.shape[1]
    for i in range(labels.size):
        label = labels[i]
        row = scores[i]
        own = row[label]
        count = 0
        for c in range(classes):
            count += row[c] > own
        for c in range(label + 1, classes):
            count += row[c] == own
        before[i] = count


@compiled
def mix(state: np.uint64) -> np.uint64:
    """Turn a counter into 64 random bits (splitmix64; Steele, Lea and Flood 2014)."""
    state = (state ^ (state >> np.uint64(30))) * FIRST
    state = (state ^ (state >> np.uint64(27))) * SECOND
    return state ^ (state >> np.uint64(31))


@compiled
def draw_counts(slots: Slots, key: np.uint64, first: int, counts: Counts) -> None:
    """Draw as many examples as there are in each resample, and count them in their two slots.

    Args:
        slots: (n, 2), of each example.
        key: Random bits of the seed.
        first: Number of the first of these resamples: what is drawn depends on it and the key.
        counts: (resamples, slots), zeros to be counted in.
    """
    n = np.uint64(slots.shape[0])
    pairs = (slots.shape[0] + 1) // 2
    odd = slots.shape[0] % 2
    for r in range(counts.shape[0]):
        total = counts[r]
        state = key + np.uint64(first + r) * np.uint64(pairs) * GOLDEN
        for _ in range(pairs):
            state += GOLDEN
            bits = mix(state)
            one, other = ((bits >> HALF) * n) >> HALF, ((bits & LOW) * n) >> HALF
            total[slots[one, 0]] += 1
            total[slots[one, 1]] += 1
            total[slots[other, 0]] += 1
            total[slots[other, 1]] += 1
        if odd:
            total[slots[other, 0]] -= 1
            total[slots[other, 1]] -= 1
