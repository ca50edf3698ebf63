"""Masks as run lengths: alternating runs of unset and set pixels in column order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heldout.evaluation.data import AnyArray, Floats

Runs = NDArray[np.uint32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Masks:
    """Many masks, their runs one after another.

    Attributes:
        runs: The first run of each mask is unset pixels and may be 0.
        starts: (n,), where each mask's runs begin.
        ends: (n,), one past each mask's last run.
        sizes: (n, 2) height and width.
    """

    runs: Runs
    starts: Ints
    ends: Ints
    sizes: Ints

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, rows: AnyArray) -> Masks:
        """Return these masks, in this order."""
        return Masks(self.runs, self.starts[rows], self.ends[rows], self.sizes[rows])

    def measure(self) -> tuple[Ints, Ints, Ints]:
        """Return per mask: the pixels its runs span, the pixels set, and (n, 2) their extent."""
        from heldout.evaluation.vision.kernels import masks as kernels

        n = len(self)
        pixels, areas = np.zeros(n, np.int64), np.zeros(n, np.int64)
        extents = np.zeros((n, 2), np.int64)
        kernels.measure_masks(self.runs, self.starts, self.ends, pixels, areas, extents)
        return pixels, areas, extents

    def boxes(self) -> Floats:
        """Return the bounding boxes (x, y, width, height)."""
        from heldout.evaluation.vision.kernels import masks as kernels

        boxes = np.zeros((len(self), 4))
        kernels.box_masks(self.runs, self.starts, self.ends, self.sizes[:, 0], boxes)
        return boxes

    def pixels(self, row: int) -> NDArray[np.bool_]:
        """Return one mask as an image."""
        from heldout.evaluation.vision.kernels import masks as kernels

        height, width = self.sizes[row]
        flat = np.zeros(height * width, np.uint8)
        kernels.paint(self.runs[self.starts[row] : self.ends[row]], flat)
        return flat.reshape(width, height).T.astype(bool)


def join_masks(runs: Sequence[Runs], sizes: Ints) -> Masks:
    """Put single masks together."""
    lengths = np.array([len(one) for one in runs], dtype=np.int64)
    flat = np.concatenate(runs) if runs else np.zeros(0, np.uint32)
    at = _starts(lengths)
    return Masks(flat.astype(np.uint32, copy=False), at[:-1], at[1:], sizes)


def read_texts(texts: Sequence[str | bytes], sizes: Ints) -> tuple[Masks, NDArray[np.bool_]]:
    """Read compressed run lengths.

    Returns:
        The masks, and one flag each: whether the text could be read (else the mask has no runs).
    """
    from heldout.evaluation.vision.kernels import masks as kernels

    data = [text.encode() if isinstance(text, str) else text for text in texts]
    starts = _starts(np.array([len(text) for text in data], dtype=np.int64))
    runs = np.empty(starts[-1], np.uint32)
    ends = np.empty(len(data), np.int64)
    kernels.read_runs(np.frombuffer(b"".join(data), np.uint8), starts, runs, ends)
    readable = ends >= 0
    ends = np.where(readable, ends, -1 - ends)
    starts = np.append(0, ends)[: len(ends)]
    return Masks(runs[: ends[-1] if len(ends) else 0], starts, ends, sizes), readable


def fill_polygons(polygons: Sequence[Floats], *, height: int, width: int) -> Runs:
    """Return the runs of the union of polygons, each (points, 2) or flat."""
    from heldout.evaluation.vision.kernels import masks as kernels

    filled = np.array([height * width], np.uint32)
    for number, polygon in enumerate(polygons):
        points = np.asarray(polygon, np.float64).reshape(-1, 2)
        runs = kernels.polygon_runs(points, height, width)
        filled = runs if number == 0 else kernels.united_runs(filled, runs)
    return filled


def _starts(lengths: Ints) -> Ints:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def concatenate(parts: Sequence[Masks]) -> Masks:
    """Put several lists of masks one after another."""
    shifts = np.cumsum([0, *(len(part.runs) for part in parts)])
    none = np.zeros(0, np.int64)
    starts, ends = (
        np.concatenate([none, *(one + shift for one, shift in zip(bounds, shifts, strict=False))])
        for bounds in ([part.starts for part in parts], [part.ends for part in parts])
    )
    return Masks(
        np.concatenate([np.zeros(0, np.uint32), *(part.runs for part in parts)]),
        starts,
        ends,
        np.concatenate([np.zeros((0, 2), np.int64), *(part.sizes for part in parts)]),
    )
