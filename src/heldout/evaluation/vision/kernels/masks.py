"""Run-length masks: reading their text, filling polygons, painting pixels."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from heldout.evaluation.kernels.compiled import compiled

Runs = NDArray[np.uint32]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

FINE = 5  # Polygon edges are followed on a grid this many times finer than the pixels.


@compiled
def read_runs(text: NDArray[np.uint8], starts: Ints, runs: Runs, ends: Ints) -> None:
    """Read compressed run lengths of many masks.

    A number is written in groups of five bits, the lowest first, one character each from `0` on;
    32 says that more follow, 16 in the last group that the number is negative. From the fourth on a
    run is given as its difference to the run before the last.

    Args:
        text: All texts one after another.
        starts: Where each begins, and where the last ends.
        runs: As long as `text`; the masks' runs, written one mask after another.
        ends: One past each mask's last run; -1 where the text cannot be read.
    """
    at = 0
    for mask in range(ends.size):
        read = read_mask_runs(text, starts[mask], starts[mask + 1], runs[at:])
        at += max(read, 0)
        ends[mask] = at if read >= 0 else -1 - at


@compiled
def read_mask_runs(text: NDArray[np.uint8], i: int, stop: int, runs: Runs) -> int:
    """Read the runs of one text from `i` to `stop`; return how many, or -1 if it has others."""
    read = 0
    while i < stop:
        value, shift, more = np.int64(0), 0, True
        while more:
            if i >= stop or text[i] < 48 or text[i] > 111 or shift > 35:
                return -1
            group = np.int64(text[i]) - 48
            value |= (group & 31) << shift
            shift += 5
            more = (group & 32) != 0
            if not more and group & 16:
                value -= np.int64(1) << shift
            i += 1
        if read > 2:
            value += np.int64(runs[read - 2])
        if not 0 <= value < 1 << 32:
            return -1
        runs[read] = value
        read += 1
    return read


@compiled
def measure_masks(
    runs: Runs, starts: Ints, ends: Ints, pixels: Ints, areas: Ints, extents: Ints
) -> None:
    """Write per mask: how many pixels it spans, how many are set, where the set ones begin and end."""
    for mask in range(pixels.size):
        here = np.int64(0)
        area = np.int64(0)
        first, last = np.int64(0), np.int64(0)
        for i in range(starts[mask], ends[mask]):
            if (i - starts[mask]) & 1 and runs[i]:
                if not area:
                    first = here
                area += np.int64(runs[i])
                last = here + np.int64(runs[i])
            here += np.int64(runs[i])
        pixels[mask], areas[mask] = here, area
        extents[mask, 0], extents[mask, 1] = first, last


@compiled
def box_masks(runs: Runs, starts: Ints, ends: Ints, heights: Ints, boxes: Floats) -> None:
    """Write the bounding box (x, y, width, height) of every mask; zeros for an empty one."""
    for mask in range(heights.size):
        height = heights[mask]
        here = np.int64(0)
        left = top = np.int64(1) << 62
        right = bottom = np.int64(-1)
        column, column_end = np.int64(-1), np.int64(0)
        for i in range(starts[mask], ends[mask]):
            end = here + np.int64(runs[i])
            if (i - starts[mask]) & 1 and end > here:
                if here >= column_end + 2 * height:
                    column = here // height  # Divisions are slow, and runs mostly near each other.
                    column_end = (column + 1) * height
                while here >= column_end:
                    column, column_end = column + 1, column_end + height
                left = min(left, column)
                if end <= column_end:
                    begin = column_end - height
                    top, bottom = min(top, here - begin), max(bottom, end - 1 - begin)
                    right = max(right, column)
                else:
                    top, bottom = np.int64(0), height - 1
                    right = max(right, (end - 1) // height)
            here = end
        if right >= 0:
            boxes[mask, 0], boxes[mask, 1] = left, top
            boxes[mask, 2], boxes[mask, 3] = right - left + 1, bottom - top + 1


@compiled
def polygon_runs(points: Floats, height: int, width: int) -> Runs:
    """Fill a polygon (points, 2) as the COCO tools do.

    The outline is followed on a grid five times finer; where it crosses the middle of a column of
    pixels, the column changes between outside and inside from there on. The crossings, sorted in
    column order, are the ends of the runs.
    """
    corners = points.shape[0]
    steps = 0
    for i in range(corners):
        j = (i + 1) % corners
        across = abs(int(FINE * points[i, 0] + 0.5) - int(FINE * points[j, 0] + 0.5))
        down = abs(int(FINE * points[i, 1] + 0.5) - int(FINE * points[j, 1] + 0.5))
        steps += max(across, down) + 1
    crossings = np.empty(steps + 1, np.int64)
    found = 0
    last_x = last_y = 0
    begun = False
    for i in range(corners):
        j = (i + 1) % corners
        x0, y0 = int(FINE * points[i, 0] + 0.5), int(FINE * points[i, 1] + 0.5)
        x1, y1 = int(FINE * points[j, 0] + 0.5), int(FINE * points[j, 1] + 0.5)
        across, down = abs(x1 - x0), abs(y1 - y0)
        flat = across >= down
        backwards = (flat and x0 > x1) or (not flat and y0 > y1)
        if backwards:
            x0, y0, x1, y1 = x1, y1, x0, y0
        length = across if flat else down
        slope = 0.0
        if length:
            slope = (y1 - y0) / length if flat else (x1 - x0) / length
        for step in range(length + 1):
            t = length - step if backwards else step
            x = x0 + t if flat else int(x0 + slope * t + 0.5)
            y = int(y0 + slope * t + 0.5) if flat else y0 + t
            if begun and x != last_x:
                column = ((x if x < last_x else x - 1) + 0.5) / FINE - 0.5
                if math.floor(column) == column and 0 <= column <= width - 1:
                    row = (min(y, last_y) + 0.5) / FINE - 0.5
                    row = math.ceil(min(max(row, 0.0), float(height)))
                    crossings[found] = int(column) * height + int(row)
                    found += 1
            last_x, last_y, begun = x, y, True
    crossings[found] = height * width
    ends = np.sort(crossings[: found + 1])
    runs = np.empty(found + 1, np.uint32)
    written = 0
    before = np.int64(0)
    i = 0
    while i <= found:
        length = ends[i] - before
        before = ends[i]
        if length > 0 or written == 0:
            runs[written] = length
            written += 1
            i += 1
            continue
        i += 1
        if i <= found:
            runs[written - 1] += ends[i] - before
            before = ends[i]
            i += 1
    return runs[:written]


@compiled
def united_runs(a: Runs, b: Runs) -> Runs:
    """Return the union of two masks of the same size."""
    out = np.empty(a.size + b.size + 1, np.uint32)
    written = 0
    i = j = 0
    end_a = np.int64(a[0]) if a.size else np.int64(0)
    end_b = np.int64(b[0]) if b.size else np.int64(0)
    here = run = np.int64(0)
    inside = False
    while i < a.size or j < b.size:
        now = (i < a.size and i & 1 == 1) or (j < b.size and j & 1 == 1)
        end = end_a if i < a.size else end_b
        if i < a.size and j < b.size:
            end = min(end_a, end_b)
        if end > here:
            if now != inside:
                out[written] = run
                written += 1
                run = np.int64(0)
                inside = now
            run += end - here
            here = end
        if i < a.size and end_a == end:
            i += 1
            if i < a.size:
                end_a += np.int64(a[i])
        if j < b.size and end_b == end:
            j += 1
            if j < b.size:
                end_b += np.int64(b[j])
    out[written] = run
    return out[: written + 1]


@compiled
def paint(runs: Runs, pixels: NDArray[np.uint8]) -> None:
    """Set the pixels of one mask in a flat image in column order."""
    here = np.int64(0)
    for i in range(runs.size):
        if i & 1:
            for at in range(here, here + np.int64(runs[i])):
                pixels[at] = 1
        here += np.int64(runs[i])
