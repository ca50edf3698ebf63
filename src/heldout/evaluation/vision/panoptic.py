"""Panoptic segments: which are matched, and what is kept of every image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from heldout.evaluation.data import AnyArray, Flags, Predictions, References
from heldout.evaluation.vision.panoptic_format import Segment
from heldout.evaluation.vision.pictures import Pictures

VOID = 0


class SegmentMap(NamedTuple):
    """One image's segments.

    Attributes:
        name: Of the PNG file.
        segments: What the JSON file says about them.
    """

    name: str
    segments: Sequence[Segment]


@dataclass(frozen=True, eq=False)
class PanopticLayout:
    """What predictions are checked against: public, and none of it an answer."""

    example_ids: pl.Series
    sizes: AnyArray
    category_ids: AnyArray
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class PanopticReferences(References):
    """The true segments of every image.

    Attributes:
        pictures: Where the masks are.
        maps: One per image.
        layout: What is public of the images.
        things: Which categories are countable things.
    """

    pictures: Pictures
    maps: Sequence[SegmentMap]
    layout: PanopticLayout
    things: Flags

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the categories, in the order of their ids."""
        return self.layout.names

    @property
    def public(self) -> PanopticLayout:
        """The images and categories that predictions may name."""
        return self.layout


@dataclass(frozen=True, eq=False, kw_only=True)
class PanopticPredictions(Predictions):
    """The predicted segments; None for an image without any prediction."""

    pictures: Pictures
    maps: Sequence[SegmentMap | None]


class Tally(NamedTuple):
    """What one category counts in one image."""

    category: int
    overlap: float
    hits: int
    false: int
    missed: int


def tally(
    true: AnyArray,
    true_segments: Sequence[Segment],
    found: AnyArray | None,
    found_segments: Sequence[Segment],
) -> list[Tally]:
    """Match segments whose overlap is more than half; there is at most one partner for each.

    Void pixels of the reference are no part of a union. A segment that lies for more than half in
    void, or in a crowd of its category, is no false positive.

    Args:
        true: (height, width) segment ids, 0 is void.
        true_segments: The segments in it.
        found: The same of a prediction; None counts every true segment as missed.
        found_segments: The segments in it.
    """
    counts: dict[int, list[float]] = {}

    def count(category: int, place: int, amount: float = 1) -> None:
        counts.setdefault(category, [0, 0, 0, 0])[place] += amount

    shared, area = _overlaps(true, found)
    true_area = _pixels(true)
    matched_true, matched_found = set(), set()
    for one in true_segments:
        for other in found_segments:
            common = shared.get((one.id, other.id), 0)
            if not common or one.iscrowd or one.category_id != other.category_id:
                continue
            own = true_area.get(one.id, 0) if one.area is None else one.area
            union = area.get(other.id, 0) + own - common - shared.get((VOID, other.id), 0)
            if common / union > 0.5:
                count(one.category_id, 0, common / union)
                count(one.category_id, 1)
                matched_true.add(one.id)
                matched_found.add(other.id)
    crowds = {one.category_id: one.id for one in true_segments if one.iscrowd}
    for one in true_segments:
        if one.id not in matched_true and not one.iscrowd:
            count(one.category_id, 3)
    for other in found_segments:
        if other.id in matched_found:
            continue
        excused = shared.get((VOID, other.id), 0)
        if other.category_id in crowds:
            excused += shared.get((crowds[other.category_id], other.id), 0)
        if excused / area[other.id] <= 0.5:
            count(other.category_id, 2)
    return [
        Tally(category, overlap, int(hits), int(false), int(missed))
        for category, (overlap, hits, false, missed) in sorted(counts.items())
    ]


def _overlaps(
    true: AnyArray, found: AnyArray | None
) -> tuple[dict[tuple[int, int], int], dict[int, int]]:
    """Count the pixels of every pair of ids, and of every predicted id."""
    if found is None:
        return {}, {}
    pairs, counts = np.unique(
        true.astype(np.uint64) << np.uint64(32) | found.astype(np.uint64), return_counts=True
    )
    left, right = (pairs >> np.uint64(32)).tolist(), (pairs & np.uint64(0xFFFFFFFF)).tolist()
    shared = dict(zip(zip(left, right, strict=True), counts.tolist(), strict=True))
    return shared, _pixels(found)


def _pixels(ids: AnyArray) -> dict[int, int]:
    values, counts = np.unique(ids, return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))
