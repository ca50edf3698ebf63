"""Geometry that one format has and another lacks: outlines of masks, ellipses, turned boxes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from heldout.datasets.annotations import run_lengths

ELLIPSE_CORNERS = 64


def ellipse(x: float, y: float, radius_x: float, radius_y: float, turn: float = 0) -> list[float]:
    """Return an ellipse as a polygon; `turn` is clockwise in degrees."""
    angles = np.linspace(0, 2 * np.pi, ELLIPSE_CORNERS, endpoint=False)
    points = np.stack([radius_x * np.cos(angles), radius_y * np.sin(angles)], axis=1)
    return _flat(_turned(points, turn) + np.array([x, y]))


def corners_of(row: dict[str, Any]) -> list[float]:
    """Return the four corners of a box as a polygon, turned as the row says."""
    x0, y0, x1, y1 = (row[name] for name in ("x0", "y0", "x1", "y1"))
    centre = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    points = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]) - centre
    return _flat(_turned(points, row["rotation"] or 0) + centre)


def _turned(points: Any, degrees: float) -> Any:
    """Turn clockwise as seen, since y points down."""
    angle = math.radians(degrees)
    cosine, sine = math.cos(angle), math.sin(angle)
    return points @ np.array([[cosine, sine], [-sine, cosine]])


def _flat(points: Any) -> list[float]:
    flat: list[float] = points.ravel().tolist()
    return flat


def from_corner(
    x: float, y: float, width: float, height: float, turn: float
) -> tuple[float, float, float, float]:
    """Return the upright box of one turned about its upper left corner instead of its centre."""
    centre = _turned(np.array([[width / 2, height / 2]]), turn)[0] + np.array([x, y])
    left, top = float(centre[0] - width / 2), float(centre[1] - height / 2)
    return left, top, left + width, top + height


def corner_of(row: dict[str, Any]) -> tuple[float, float]:
    """Return where the upper left corner of a box is once the box is turned about its centre."""
    corners = corners_of(row)
    return corners[0], corners[1]


def outlines(row: dict[str, Any]) -> list[list[float]]:
    """Return the polygons of an object, those of its mask or the corners of its box, largest first.

    Holes of a mask are lost.
    """
    if row["polygons"]:
        found = row["polygons"]
    elif row["mask"] is not None:
        counts = run_lengths.counts_of(row["mask"])
        found = trace(run_lengths.pixels_of(counts, row["mask_height"], row["mask_width"]))
    else:
        return [corners_of(row)]
    return sorted(found, key=lambda polygon: -area(polygon))


def area(polygon: Sequence[float]) -> float:
    """Return the area of a simple polygon."""
    x, y = np.asarray(polygon[0::2]), np.asarray(polygon[1::2])
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def trace(mask: Any) -> list[list[float]]:
    """Return the outer outlines of a mask along the edges of its pixels.

    Filled by the even-odd rule they give the mask back, holes apart.
    """
    padded = np.pad(np.asarray(mask, bool), 1)
    steps: dict[tuple[int, int], list[tuple[int, int]]] = {}
    # Every edge has the mask to its right, seen along its direction.
    for move, other in (((1, 0), (-1, 0)), ((0, 1), (0, 1)), ((-1, 0), (1, 0)), ((0, -1), (0, -1))):
        rows, columns = np.nonzero(padded & ~np.roll(padded, (-other[0], -other[1]), (0, 1)))
        start_x = columns - 1 + (move in ((0, 1), (-1, 0)))
        start_y = rows - 1 + (move in ((-1, 0), (0, -1)))
        for x, y in zip(start_x.tolist(), start_y.tolist(), strict=True):
            steps.setdefault((x, y), []).append(move)
    loops = []
    while steps:
        loops.append(_follow(steps))
    return [loop for loop in loops if _signed(loop) > 0]


def _follow(steps: dict[tuple[int, int], list[tuple[int, int]]]) -> list[float]:
    """Take one closed path out of the edges; where two meet, turn so that corners stay apart."""
    start = min(steps)
    at, came = start, (0, 0)
    loop: list[float] = []
    while True:
        moves = steps[at]
        right = (-came[1], came[0])
        move = right if right in moves and len(moves) > 1 else moves[0]
        moves.remove(move)
        if not moves:
            del steps[at]
        if move != came:
            loop += at
        at, came = (at[0] + move[0], at[1] + move[1]), move
        if at == start:
            return [float(value) for value in loop]


def _signed(polygon: Sequence[float]) -> float:
    x, y = np.asarray(polygon[0::2]), np.asarray(polygon[1::2])
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))


def fill(polygons: Sequence[Sequence[float]], height: int, width: int) -> Any:
    """Return the mask of the union of polygons: the pixels whose centre lies inside."""
    found = np.zeros((height, width), bool)
    for polygon in polygons:
        points = np.asarray(polygon, float).reshape(-1, 2)
        found |= _inside(points, height, width)
    return found


def _inside(points: Any, height: int, width: int) -> Any:
    """Every edge turns all pixels to its right over; twice is not at all (even-odd rule)."""
    turned = np.zeros((height, width + 1), bool)
    for (x0, y0), (x1, y1) in zip(points, np.roll(points, -1, axis=0), strict=True):
        first, last = (int(np.ceil(value - 0.5)) for value in sorted((y0, y1)))
        rows = np.arange(max(first, 0), min(last, height))
        if len(rows):
            crossings = x0 + (rows + 0.5 - y0) * (x1 - x0) / (y1 - y0)
            columns = np.clip(np.ceil(crossings - 0.5), 0, width).astype(int)
            turned[rows, columns] ^= True
    return np.logical_xor.accumulate(turned, axis=1)[:, :width]


def mask_of(row: dict[str, Any], height: int, width: int) -> Any:
    """Return the mask of an object: its own, that of its polygons or of its box."""
    if row["mask"] is not None:
        counts = run_lengths.counts_of(row["mask"])
        return run_lengths.pixels_of(counts, row["mask_height"], row["mask_width"])
    return fill(row["polygons"] or [corners_of(row)], height, width)
