"""How alike a detection and an object are: IoU of boxes, of masks, and keypoint similarity.

Each kernel walks the cells (one category in one image) that hold both detections and objects, and
writes a (detections, objects) table per cell into one flat array, cell after cell.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from heldout.evaluation.kernels.compiled import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

TINY = float(np.spacing(1.0))


@compiled
def box_overlap(
    found: Ints, found_end: Ints, true: Ints, true_end: Ints, boxes: Floats, objects: Floats,
    crowd: Flags, out: Floats,
) -> None:  # fmt: skip
    """IoU of boxes (x, y, width, height); for a crowd the share of the detection inside it."""
    at = 0
    for cell in range(found.size):
        for d in range(found[cell], found_end[cell]):
            x, y, width, height = boxes[d]
            for g in range(true[cell], true_end[cell]):
                shared_x = min(x + width, objects[g, 0] + objects[g, 2]) - max(x, objects[g, 0])
                shared_y = min(y + height, objects[g, 1] + objects[g, 3]) - max(y, objects[g, 1])
                out[at] = 0.0
                if shared_x > 0 and shared_y > 0:
                    shared = shared_x * shared_y
                    union = width * height
                    if not crowd[g]:
                        union = union + objects[g, 2] * objects[g, 3] - shared
                    out[at] = shared / union
                at += 1


@compiled
def pixel_overlap(
    found: Ints, found_end: Ints, true: Ints, true_end: Ints, boxes: Floats, objects: Floats,
    out: Floats,
) -> None:  # fmt: skip
    """IoU of boxes whose both ends belong to them, as in Pascal VOC: a width is right - left + 1."""
    at = 0
    for cell in range(found.size):
        for d in range(found[cell], found_end[cell]):
            x, y, width, height = boxes[d]
            for g in range(true[cell], true_end[cell]):
                shared_x = min(x + width, objects[g, 0] + objects[g, 2]) - max(x, objects[g, 0]) + 1
                shared_y = min(y + height, objects[g, 1] + objects[g, 3]) - max(y, objects[g, 1])
                shared_y += 1
                out[at] = 0.0
                if shared_x > 0 and shared_y > 0:
                    shared = shared_x * shared_y
                    union = (width + 1) * (height + 1) - shared
                    union += (objects[g, 2] + 1) * (objects[g, 3] + 1)
                    out[at] = shared / union
                at += 1


@compiled
def keypoint_similarity(
    found: Ints, found_end: Ints, true: Ints, true_end: Ints, points: Floats, objects: Floats,
    boxes: Floats, areas: Floats, sigmas: Floats, out: Floats,
) -> None:  # fmt: skip
    """Object keypoint similarity of (n, keypoints, 3) poses.

    An object without a visible keypoint is a region to ignore: the distance is then how far a
    keypoint lies outside the box of twice the object's size around it.
    """
    at = 0
    kinds = sigmas.size
    for cell in range(found.size):
        for d in range(found[cell], found_end[cell]):
            for g in range(true[cell], true_end[cell]):
                visible = 0
                for k in range(kinds):
                    visible += objects[g, k, 2] > 0
                left, top = boxes[g, 0] - boxes[g, 2], boxes[g, 1] - boxes[g, 3]
                right, bottom = boxes[g, 0] + 2 * boxes[g, 2], boxes[g, 1] + 2 * boxes[g, 3]
                total = 0.0
                for k in range(kinds):
                    if visible and objects[g, k, 2] <= 0:
                        continue
                    x, y = points[d, k, 0], points[d, k, 1]
                    if visible:
                        dx, dy = x - objects[g, k, 0], y - objects[g, k, 1]
                    else:
                        dx = max(0.0, left - x) + max(0.0, x - right)
                        dy = max(0.0, top - y) + max(0.0, y - bottom)
                    spread = (2 * sigmas[k]) ** 2
                    total += math.exp(-(dx * dx + dy * dy) / spread / (areas[g] + TINY) / 2)
                out[at] = total / (visible if visible else kinds)
                at += 1


@compiled
def mask_overlap(
    found: Ints, found_end: Ints, true: Ints, true_end: Ints, runs: NDArray[np.uint32],
    starts: Ints, ends: Ints, areas: Ints, extents: Ints, object_runs: NDArray[np.uint32],
    object_starts: Ints, object_ends: Ints, object_areas: Ints, object_extents: Ints, crowd: Flags,
    out: Floats,
) -> None:  # fmt: skip
    """IoU of run-length masks; for a crowd the share of the detection inside it.

    Args:
        found: First detection of each cell; `found_end` is one past the last.
        true: The same for objects.
        runs: Lengths of alternating runs of 0 and 1 in column order, all masks in one array.
        starts: Where each mask's runs begin; `ends` is one past its last.
        areas: How many pixels are set.
        extents: (masks, 2) first and one past the last pixel that is set, in column order.
        object_runs: As `runs`, for the objects; so are those that follow.
        crowd: Which objects are crowds.
        out: The flat tables.
    """
    at = 0
    for cell in range(found.size):
        for d in range(found[cell], found_end[cell]):
            for g in range(true[cell], true_end[cell]):
                out[at] = 0.0
                if extents[d, 0] < object_extents[g, 1] and object_extents[g, 0] < extents[d, 1]:
                    mine = runs[starts[d] : ends[d]]
                    other = object_runs[object_starts[g] : object_ends[g]]
                    shared = shared_pixels(mine, other)
                    if shared > 0:
                        union = areas[d]
                        if not crowd[g]:
                            union += object_areas[g] - shared
                        out[at] = shared / union
                at += 1


@compiled
def shared_pixels(a: NDArray[np.uint32], b: NDArray[np.uint32]) -> np.int64:
    """Count the pixels set in both masks by walking their runs side by side."""
    shared = np.int64(0)
    i = j = 0
    end_a = end_b = here = np.int64(0)
    if a.size:
        end_a = np.int64(a[0])
    if b.size:
        end_b = np.int64(b[0])
    while i < a.size and j < b.size:
        end = min(end_a, end_b)
        if i & 1 and j & 1:
            shared += end - here
        here = end
        if end_a == end:
            i += 1
            if i < a.size:
                end_a += np.int64(a[i])
        if end_b == end:
            j += 1
            if j < b.size:
                end_b += np.int64(b[j])
    return shared
