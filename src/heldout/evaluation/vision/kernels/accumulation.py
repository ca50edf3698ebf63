"""Average precision and recall again and again under other weights of the images.

What is matched does not depend on the weights, so a resample costs one walk along the detections in
score order. Many resamples are walked at once, side by side in lanes that the compiler turns into
vector instructions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heldout.evaluation.vision.kernels.compiled import compiled

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
def hit(
    true: Floats, seen: Floats, own: Floats, before: Floats, objects: Floats, points: int,
    curve: Floats, reached: Floats,
) -> None:  # fmt: skip
    """Count a true positive; write the precision at it, and how many recalls are reached by then.

    The recalls are j / (points - 1) as `linspace` rounds them, whence the two comparisons.
    """
    last = points - 1.0
    step = 1.0 / last
    for lane in range(true.size):
        seen[lane] += own[lane]
        true[lane] += own[lane]
        curve[lane] = true[lane] / (before[lane] + seen[lane] + TINY)
        share = true[lane] / objects[lane]
        place = np.floor(share * last)
        above = 1.0 if (place + 1.0) * step <= share else 0.0
        below = 1.0 if place * step > share else 0.0
        reached[lane] = place + above - below + 1.0


@compiled
def hit_area(
    true: Floats, seen: Floats, own: Floats, before: Floats, objects: Floats, curve: Floats,
    reached: Floats,
) -> None:  # fmt: skip
    """Count a true positive; write the precision at it, and the recall reached by then."""
    for lane in range(true.size):
        seen[lane] += own[lane]
        true[lane] += own[lane]
        curve[lane] = true[lane] / (before[lane] + seen[lane] + TINY)
        reached[lane] = true[lane] / objects[lane]


@compiled
def fill(
    area: Floats, best: Floats, curve: Floats, reached: Floats, reached_before: Floats
) -> None:
    """Add one step of the curve, walking backwards: the best precision from here on, times width."""
    for lane in range(area.size):
        highest = curve[lane] if curve[lane] > best[lane] else best[lane]
        best[lane] = highest
        area[lane] += highest * (reached[lane] - reached_before[lane])


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
    tracks = positives_at.size - 1
    longest = 0
    for track in range(tracks):
        longest = max(longest, touched_at[track + 1] - touched_at[track])
    own, before = np.empty((longest, lanes)), np.empty((longest, lanes))
    curve, reached = np.empty((longest, lanes)), np.zeros((longest + 1, lanes))
    objects, run, true = np.empty(lanes), np.empty(lanes), np.empty(lanes)
    seen, best, area = np.empty(lanes), np.empty(lanes), np.empty(lanes)
    for block in range(blocks):
        weight = weights[block]
        for track in range(tracks):
            objects[:] = 0
            for p in range(positives_at[track], positives_at[track + 1]):
                add(objects, weight[positives[p]])
            miss, first = misses_at[track], touched_at[track]
            length = touched_at[track + 1] - first
            run[:] = 0
            for i in range(length):
                while miss < misses_before[first + i]:
                    add(run, weight[misses[miss]])
                    miss += 1
                before[i, :] = run
                own[i, :] = weight[images[first + i]]
            for t in range(thresholds):
                bit = 1 << t
                true[:] = 0
                seen[:] = 0
                m = 0
                for i in range(length):
                    if not counted[first + i] & bit:
                        continue
                    if not hits[first + i] & bit:
                        add(seen, own[i])
                    elif not with_precision[track]:
                        add(true, own[i])
                    elif points:
                        hit(
                            true, seen, own[i], before[i], objects, points, curve[m], reached[m + 1]
                        )
                        m += 1
                    else:
                        hit_area(true, seen, own[i], before[i], objects, curve[m], reached[m + 1])
                        m += 1
                best[:] = 0
                area[:] = 0
                for i in range(m - 1, -1, -1):
                    fill(area, best, curve[i], reached[i + 1], reached[i])
                for lane in range(lanes):
                    known = objects[lane] > 0
                    precision[block, track, t, lane] = (
                        area[lane] / max(points, 1) if known else np.nan
                    )
                    recall[block, track, t, lane] = true[lane] / objects[lane] if known else np.nan
