"""Who is matched with whom: the greedy assignment of COCO and the one of Pascal VOC.

Results are bit sets: bit t of a detection's `hit` says that it is a true positive at threshold t,
bit t of `ignored` that it counts neither way.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heldout.evaluation.kernels.compiled import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Bits = NDArray[np.uint16]


@compiled
def match_cells(
    found: Ints, found_end: Ints, true: Ints, true_end: Ints, similarity: Floats,
    thresholds: Floats, ignore: Flags, crowd: Flags, hit: Bits, ignored: Bits,
) -> None:  # fmt: skip
    """Assign objects to detections, best score first, in every cell, range of areas and threshold.

    A detection takes the free object it resembles most, the later one of equals; an ignored object
    only when no other reaches the threshold. Crowds are never used up.

    Args:
        found: First detection of each cell, best score first; `found_end` is one past the last.
        true: The same for objects.
        similarity: (detections, objects) of each cell, flat, cell after cell.
        thresholds: Increasing.
        ignore: (ranges, objects).
        crowd: (objects,).
        hit: (ranges, detections), zeros on entry.
        ignored: The same.
    """
    ranges, bits = ignore.shape[0], thresholds.size
    at = 0
    largest = 0
    for cell in range(found.size):
        largest = max(largest, true_end[cell] - true[cell])
    order = np.empty(largest, np.int64)
    taken = np.empty(largest, np.uint16)
    for cell in range(found.size):
        first, objects = true[cell], true_end[cell] - true[cell]
        detections = found_end[cell] - found[cell]
        table = similarity[at : at + detections * objects].reshape((detections, objects))
        at += detections * objects
        for area in range(ranges):
            counted = 0
            for g in range(objects):
                if not ignore[area, first + g]:
                    order[counted] = g
                    counted += 1
            placed = counted
            for g in range(objects):
                taken[g] = 0
                if ignore[area, first + g]:
                    order[placed] = g
                    placed += 1
            for d in range(detections):
                best = 0.0
                for g in range(objects):
                    best = max(best, table[d, g])
                hits = 0
                passes = 0
                for t in range(bits):
                    least = min(thresholds[t], 1 - 1e-10)
                    if best < least:
                        break
                    bit = 1 << t
                    mine = -1
                    for place in range(objects):
                        g = order[place]
                        if place == counted and mine >= 0:
                            break
                        if taken[g] & bit and not crowd[first + g]:
                            continue
                        if table[d, g] >= least:
                            least = table[d, g]
                            mine = place
                    if mine >= 0:
                        taken[order[mine]] |= bit
                        if mine < counted:
                            hits |= bit
                        else:
                            passes |= bit
                hit[area, found[cell] + d] = hits
                ignored[area, found[cell] + d] = passes


@compiled
def match_nearest(
    found: Ints, found_end: Ints, true: Ints, true_end: Ints, similarity: Floats,
    threshold: float, ignore: Flags, hit: Bits, ignored: Bits,
) -> None:  # fmt: skip
    """Assign as Pascal VOC does: each detection looks at the object it overlaps most, and no other.

    The first of equals is the nearest. A detection whose nearest object is difficult counts
    neither way; one whose nearest object is taken is a false positive.
    """
    at = 0
    taken = np.zeros(ignore.size, np.bool_)
    for cell in range(found.size):
        objects = true_end[cell] - true[cell]
        for d in range(found[cell], found_end[cell]):
            nearest = 0
            for g in range(1, objects):
                if similarity[at + g] > similarity[at + nearest]:
                    nearest = g
            overlap = similarity[at + nearest]
            at += objects
            if overlap >= threshold:
                g = true[cell] + nearest
                if ignore[g]:
                    ignored[d] = 1
                elif not taken[g]:
                    taken[g] = True
                    hit[d] = 1
