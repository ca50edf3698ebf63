"""Annotations made on an image as it is stored, turned to the image as EXIF has it shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from heldout.datasets.annotations import run_lengths
from heldout.datasets.annotations.schema import BOX
from heldout.datasets.table import ID


class Turn(NamedTuple):
    """How an image is turned before it is shown.

    Attributes:
        orientation: As EXIF has it: 5 mirrored, 6 to the right, 7 mirrored, 8 to the left.
        width: Before the turn.
        height: Before the turn.
    """

    orientation: int
    width: int
    height: int


_POINTS: dict[int, Callable[[float, float, Turn], tuple[float, float]]] = {
    5: lambda x, y, _: (y, x),
    6: lambda x, y, turn: (turn.height - y, x),
    7: lambda x, y, turn: (turn.height - y, turn.width - x),
    8: lambda x, y, turn: (y, turn.width - x),
}
_PIXELS: dict[int, Callable[[Any], Any]] = {
    5: lambda mask: mask.T,
    6: lambda mask: np.rot90(mask, -1),
    7: lambda mask: mask.T[::-1, ::-1],
    8: lambda mask: np.rot90(mask),
}
_MIRRORED = {5, 7}


def turn_annotations(annotations: pl.DataFrame, turns: Mapping[str, Turn]) -> pl.DataFrame:
    """Return the annotations with those of these examples turned; the order is kept."""
    if not turns:
        return annotations
    numbered = annotations.with_row_index("row")
    touched = pl.col(ID).is_in(list(turns))
    rows = [_turned(row, turns[row[ID]]) for row in numbered.filter(touched).iter_rows(named=True)]
    if not rows:
        return annotations
    new = pl.DataFrame(rows, schema=numbered.schema)
    return pl.concat([numbered.filter(~touched), new]).sort("row").drop("row")


def _turned(row: dict[str, Any], turn: Turn) -> dict[str, Any]:
    move = _POINTS[turn.orientation]
    if row["x0"] is not None:
        corners = [move(row["x0"], row["y0"], turn), move(row["x1"], row["y1"], turn)]
        low, high = np.min(corners, axis=0).tolist(), np.max(corners, axis=0).tolist()
        row |= dict(zip(BOX, [*low, *high], strict=True))
    if row["polygons"] is not None:
        row["polygons"] = [_flat(polygon, move, turn) for polygon in row["polygons"]]
    if row["keypoints"] is not None and len(row["keypoints"]) % 3 == 0:
        row["keypoints"] = _points(row["keypoints"], move, turn)
    if row["rotation"] is not None and turn.orientation in _MIRRORED:
        row["rotation"] = -row["rotation"]
    if (row["mask_width"], row["mask_height"]) == (turn.width, turn.height):
        row |= _mask(row, turn)
    return row


def _flat(polygon: list[float], move: Callable[..., Any], turn: Turn) -> list[float]:
    if len(polygon) % 2:
        return polygon  # A fault that is told later.
    pairs = zip(polygon[0::2], polygon[1::2], strict=True)
    return [value for x, y in pairs for value in move(x, y, turn)]


def _points(points: list[float], move: Callable[..., Any], turn: Turn) -> list[float]:
    found: list[float] = []
    for x, y, visible in zip(points[0::3], points[1::3], points[2::3], strict=True):
        found += [*(move(x, y, turn) if visible else (x, y)), visible]
    return found


def _mask(row: dict[str, Any], turn: Turn) -> dict[str, Any]:
    try:
        counts = run_lengths.counts_of(row["mask"])
        pixels = run_lengths.pixels_of(counts, turn.height, turn.width)
    except ValueError:
        return {}  # A fault that is told later.
    text = run_lengths.text_of(run_lengths.counts_of_pixels(_PIXELS[turn.orientation](pixels)))
    return {"mask": text, "mask_height": turn.width, "mask_width": turn.height}
