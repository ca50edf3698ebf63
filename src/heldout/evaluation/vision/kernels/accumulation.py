"""Average precision and recall again and again under other weights of the images.

What is matched does not depend on the weights, so a resample costs one walk along the detections in
score order. Eight resamples are walked at once, side by side in the lanes of the vector unit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heldout.evaluation.vision.kernels.compiled import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Images = NDArray[np.int32]
Bits = NDArray[np.uint16]

LANES = 8
TINY = float(np.spacing(1.0))


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
    blocks, tracks = weights.shape[0], positives_at.size - 1
    longest = 0
    for track in range(tracks):
        longest = max(longest, touched_at[track + 1] - touched_at[track])
    own = np.empty((longest, LANES))
    before = np.empty((longest, LANES))
    curve = np.empty((longest, LANES))
    reached = np.empty((longest + 1, LANES))
    step = 1.0 / max(points - 1, 1)
    for block in range(blocks):
        weight = weights[block]
        for track in range(tracks):
            objects = np.zeros(LANES)
            for p in range(positives_at[track], positives_at[track + 1]):
                for lane in range(LANES):
                    objects[lane] += weight[positives[p], lane]
            wanted = with_precision[track]
            run = np.zeros(LANES)
            miss, first = misses_at[track], touched_at[track]
            length = touched_at[track + 1] - first
            for i in range(length):
                while miss < misses_before[first + i]:
                    for lane in range(LANES):
                        run[lane] += weight[misses[miss], lane]
                    miss += 1
                for lane in range(LANES):
                    before[i, lane] = run[lane]
                    own[i, lane] = weight[images[first + i], lane]
            for t in range(thresholds):
                bit = 1 << t
                true = np.zeros(LANES)
                seen = np.zeros(LANES)
                m = 0
                for lane in range(LANES):
                    reached[0, lane] = 0.0
                for i in range(length):
                    if not counted[first + i] & bit:
                        continue
                    for lane in range(LANES):
                        seen[lane] += own[i, lane]
                    if hits[first + i] & bit:
                        for lane in range(LANES):
                            true[lane] += own[i, lane]
                        if not wanted:
                            continue
                        for lane in range(LANES):
                            curve[m, lane] = true[lane] / (before[i, lane] + seen[lane] + TINY)
                        if points:
                            for lane in range(LANES):
                                share = true[lane] / objects[lane]
                                place = np.floor(share * (points - 1))
                                place += (place + 1.0) * step <= share
                                place -= place * step > share
                                reached[m + 1, lane] = place + 1.0
                        else:
                            for lane in range(LANES):
                                reached[m + 1, lane] = true[lane] / objects[lane]
                        m += 1
                best = np.zeros(LANES)
                area = np.zeros(LANES)
                for i in range(m - 1, -1, -1):
                    for lane in range(LANES):
                        best[lane] = max(best[lane], curve[i, lane])
                        area[lane] += best[lane] * (reached[i + 1, lane] - reached[i, lane])
                for lane in range(LANES):
                    known = objects[lane] > 0
                    precision[block, track, t, lane] = (
                        area[lane] / max(points, 1) if known else np.nan
                    )
                    recall[block, track, t, lane] = true[lane] / objects[lane] if known else np.nan
