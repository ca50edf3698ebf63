"""Average precision and recall again and again under other weights of the images.

What is matched does not depend on the weights, so a resample costs one walk along the detections in
score order and one back, on which the best precision further on is known. Many resamples are walked at once, side by side in lanes that the compiler turns into
vector instructions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heldout.evaluation.kernels.compiled import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Images = NDArray[np.int32]
Bits = NDArray[np.uint16]

TINY = float(np.spacing(1.0))


@compiled
def add(total: Floats, row: Floats) -> None:
    """Add a row to a total, lane by lane."""
    for lane in range(total.size):
        total[lane] += row[lane]


@compiled
def subtract(total: Floats, row: Floats) -> None:
    """Subtract a row from a total, lane by lane."""
    for lane in range(total.size):
        total[lane] -= row[lane]


@compiled
def unhit(
    true: Floats, part: Floats, before: Floats, own: Floats, objects: Floats, points: int,
    best: Floats, reached: Floats, area: Floats,
) -> None:  # fmt: skip
    """Walk back over a true positive: the curve gets the step above it at the best precision.

    The recalls are j / (points - 1) as `linspace` rounds them, whence the two comparisons.

    Args:
        true: True positives up to and with this one; less this one on return.
        part: Detections before and with it that count at this threshold, but not at every one.
        before: Detections before and with it that count at every threshold.
        own: The weight of its image.
        objects: How many there are to find.
        points: Number of recalls.
        best: The best precision further on; with this one on return.
        reached: How many recalls the next true positive reaches; what this one does on return.
        area: The sum of the curve from the next one on; from this one on return.
    """
    kind = true.dtype.type
    no, one, tiny, last = kind(0), kind(1), kind(TINY), kind(points - 1)
    step = kind(1 / (points - 1))
    for lane in range(true.size):
        share = true[lane] / objects[lane]
        place = np.floor(share * last)
        above = one if (place + one) * step <= share else no
        below = one if place * step > share else no
        here = place + above - below + one
        area[lane] += best[lane] * (reached[lane] - here)
        reached[lane] = here
        precision = true[lane] / (before[lane] + part[lane] + tiny)
        best[lane] = precision if precision > best[lane] else best[lane]
        true[lane] -= own[lane]


@compiled
def unhit_area(
    true: Floats, part: Floats, before: Floats, own: Floats, objects: Floats, best: Floats,
    reached: Floats, area: Floats,
) -> None:  # fmt: skip
    """Do the same with `reached` as the recall itself, for the area under the curve."""
    tiny = true.dtype.type(TINY)
    for lane in range(true.size):
        here = true[lane] / objects[lane]
        area[lane] += best[lane] * (reached[lane] - here)
        reached[lane] = here
        precision = true[lane] / (before[lane] + part[lane] + tiny)
        best[lane] = precision if precision > best[lane] else best[lane]
        true[lane] -= own[lane]


@compiled
def average_precision(
    weights: Floats, positives: Images, positives_at: Ints, misses: Images, misses_at: Ints,
    images: Images, misses_before: Ints, hits: Bits, counted: Bits, touched_at: Ints,
    with_precision: NDArray[np.bool_], thresholds: int, points: int, precision: Floats,
    recall: Floats,
) -> None:  # fmt: skip
    """Fill `precision` and `recall`: (blocks, tracks, thresholds, lanes); NaN without an object.

    A track is one category in one range of areas. Its detections that never meet an object are
    `misses`: false positives at every threshold. The others are `images`, in score order.

    Args:
        weights: (blocks, images, lanes).
        positives: Image of every object that counts, track after track.
        positives_at: Where each track begins in `positives`, and where the last ends.
        misses: Image of every miss, in score order.
        misses_at: As `positives_at`.
        images: Image of every other detection.
        misses_before: How many of all `misses` come before each of `images`.
        hits: Bit t says true positive at threshold t.
        counted: Bit t says true or false positive at threshold t.
        touched_at: As `positives_at`, for `images`.
        with_precision: False for the tracks of which only the recall is wanted.
        thresholds: Number of thresholds of the overlap.
        points: 101 or 11 recalls the precision is averaged over, or 0 for the area.
        precision: Average precision, written.
        recall: The largest recall, written.
    """
    blocks, lanes = weights.shape[0], weights.shape[2]
    kind = weights.dtype
    objects, before = np.empty(lanes, kind), np.empty(lanes, kind)
    true, part = np.empty((thresholds, lanes), kind), np.empty((thresholds, lanes), kind)
    best, area = np.empty((thresholds, lanes), kind), np.empty((thresholds, lanes), kind)
    reached = np.empty((thresholds, lanes), kind)
    full = (1 << thresholds) - 1
    for block in range(blocks):
        weight = weights[block]
        for track in range(positives_at.size - 1):
            first, end = touched_at[track], touched_at[track + 1]
            curved = with_precision[track]
            objects[:] = 0
            before[:] = 0
            for p in range(positives_at[track], positives_at[track + 1]):
                add(objects, weight[positives[p]])
            true[:] = 0
            part[:] = 0
            for i in range(first, end):
                own = weight[images[i]]
                hit, partly = hits[i], counted[i] & full
                if curved and partly == full:
                    add(before, own)
                    partly = 0
                for t in range(thresholds):
                    if hit >> t & 1:
                        add(true[t], own)
                    if curved and partly >> t & 1:
                        add(part[t], own)
            for t in range(thresholds):
                for lane in range(lanes):
                    known = objects[lane] > 0
                    recall[block, track, t, lane] = (
                        true[t, lane] / objects[lane] if known else np.nan
                    )
                    precision[block, track, t, lane] = np.nan
            if not curved:
                continue
            miss = misses_before[end - 1] if end > first else misses_at[track]
            for m in range(misses_at[track], miss):
                add(before, weight[misses[m]])
            best[:] = 0
            area[:] = 0
            reached[:] = 0
            for i in range(end - 1, first - 1, -1):
                while miss > misses_before[i]:
                    miss -= 1
                    subtract(before, weight[misses[miss]])
                own = weight[images[i]]
                partly = counted[i] & full
                for t in range(thresholds):
                    if hits[i] >> t & 1:
                        if points:
                            unhit(
                                true[t], part[t], before, own, objects, points, best[t],
                                reached[t], area[t],
                            )  # fmt: skip
                        else:
                            unhit_area(
                                true[t], part[t], before, own, objects, best[t], reached[t],
                                area[t],
                            )  # fmt: skip
                    if partly != full and partly >> t & 1:
                        subtract(part[t], own)
                if partly == full:
                    subtract(before, own)
            for t in range(thresholds):
                for lane in range(lanes):
                    whole = area[t, lane] + best[t, lane] * reached[t, lane]
                    if objects[lane] > 0:
                        precision[block, track, t, lane] = whole / max(points, 1)
