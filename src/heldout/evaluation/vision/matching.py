"""Who is matched with whom, once and for all: what average precision keeps of every image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from heldout.evaluation.data import AnyArray, Flags, Floats
from heldout.evaluation.stats import Ragged
from heldout.evaluation.vision.objects import Detections, Objects, stable_order

Range = tuple[float, float]

EVERY_DETECTION = 1 << 30


class Cells(NamedTuple):
    """The pairs of one image and one category that have both detections and objects.

    Attributes:
        found: First detection of each cell; best score first.
        found_end: One past its last.
        true: First object of each cell.
        true_end: One past its last.
    """

    found: AnyArray
    found_end: AnyArray
    true: AnyArray
    true_end: AnyArray

    @property
    def pairs(self) -> int:
        """Number of pairs of a detection and an object in all cells together."""
        return int(((self.found_end - self.found) * (self.true_end - self.true)).sum())


Similarity = Callable[[Cells, Detections, Objects, Floats], None]


@dataclass(frozen=True)
class Rules:
    """How detections are matched.

    Attributes:
        similarity: Fills the flat (detections, objects) tables of the cells.
        thresholds: Least similarity of a match, increasing.
        ranges: Ranges of areas that are scored apart, both ends included.
        most: Detections kept per image and category, the best ones.
        nearest: Match as Pascal VOC does, each detection with the object nearest to it.
    """

    similarity: Similarity
    thresholds: tuple[float, ...]
    ranges: tuple[Range, ...]
    most: int
    nearest: bool = False


def match(
    detections: Detections,
    objects: Objects,
    ignored: Flags,
    rules: Rules,
    *,
    images: int,
    categories: int,
) -> dict[str, Ragged]:
    """Match, and keep per image what no weights can change.

    Args:
        detections: Of all images.
        objects: Of all images.
        ignored: Which objects count neither way, whatever their area.
        rules: How.
        images: Their number.
        categories: Their number.

    Returns:
        Of detections, image by image, category by category, best score first: `category`, `score`,
        `inside` (bit a: its area lies in range a), `hit` (bit 16 a + t: true positive in range a at
        threshold t), `passed` (the same: counts neither way). Of objects: `true_category` and
        `counts` (bit a: to be found in range a).
    """
    order = best_first(detections)
    cell = detections.image[order].astype(np.int64) * categories + detections.category[order]
    kept = rank_in_runs(cell) < rules.most
    ordered, cell = detections.take(order[kept]), cell[kept]
    order = _by_cell(objects)
    true, ignored = objects.take(order), ignored[order]
    ignore = _outside(true.area, rules.ranges) | ignored
    cells = find_cells(cell, true.image.astype(np.int64) * categories + true.category)
    similarity = np.empty(cells.pairs)
    rules.similarity(cells, ordered, true, similarity)
    hit, passed = _match_cells(cells, similarity, rules, ignore, true.crowd, len(ordered))
    found_at, true_at = (
        np.searchsorted(one.image, np.arange(images + 1)) for one in (ordered, true)
    )
    return {
        "category": Ragged(ordered.category, found_at),
        "score": Ragged(ordered.score, found_at),
        "inside": Ragged(_bits(~_outside(ordered.area, rules.ranges)), found_at),
        "hit": Ragged(_pack(hit), found_at),
        "passed": Ragged(_pack(passed), found_at),
        "true_category": Ragged(true.category, true_at),
        "counts": Ragged(_bits(~ignore), true_at),
    }


def best_first(detections: Detections) -> AnyArray:
    """Order by image, category and falling score; equal scores stay in the order of the file."""
    order = np.argsort(-detections.score, kind="stable")
    order = order[stable_order(detections.category[order])]
    order = order[stable_order(detections.image[order])]
    return order


def best_of_each_image(detections: Detections, most: int) -> Detections:
    """Keep the detections with the best scores; of equal ones the first of the file."""
    order = np.argsort(-detections.score, kind="stable")
    order = order[stable_order(detections.image[order])]
    kept = order[rank_in_runs(detections.image[order]) < most]
    return detections.take(np.sort(kept))


def rank_in_runs(cell: AnyArray) -> AnyArray:
    """Return each row's place, from 0, in its run of equal values."""
    starts = np.flatnonzero(np.diff(cell, prepend=-1))
    return np.arange(len(cell)) - np.repeat(starts, np.diff(starts, append=len(cell)))


def find_cells(found: AnyArray, true: AnyArray) -> Cells:
    """Return the cells both have, from the sorted cell numbers of each."""
    shared = np.unique(true)
    first, last = np.searchsorted(found, shared), np.searchsorted(found, shared, side="right")
    both = last > first
    shared = shared[both]
    return Cells(
        first[both],
        last[both],
        np.searchsorted(true, shared),
        np.searchsorted(true, shared, side="right"),
    )


def _by_cell(objects: Objects) -> AnyArray:
    order = stable_order(objects.category)
    ordered: AnyArray = order[stable_order(objects.image[order])]
    return ordered


def _match_cells(
    cells: Cells, similarity: Floats, rules: Rules, ignore: Flags, crowd: Flags, detections: int
) -> tuple[AnyArray, AnyArray]:
    from heldout.evaluation.vision.kernels import matching as kernels

    hit = np.zeros((len(rules.ranges), detections), np.uint16)
    passed = np.zeros_like(hit)
    if rules.nearest:
        least = rules.thresholds[0]
        kernels.match_nearest(*cells, similarity, least, ignore[0], hit[0], passed[0])
    else:
        thresholds = np.array(rules.thresholds)
        kernels.match_cells(*cells, similarity, thresholds, ignore, crowd, hit, passed)
    return hit, passed


def _outside(area: Floats, ranges: tuple[Range, ...]) -> Flags:
    return np.stack([(area < low) | (area > high) for low, high in ranges])


def _bits(flags: Flags) -> AnyArray:
    places = np.uint8(1) << np.arange(len(flags), dtype=np.uint8)
    bits: AnyArray = (flags * places[:, None]).sum(axis=0, dtype=np.uint8)
    return bits


def _pack(bits: AnyArray) -> AnyArray:
    """Put the 16 bits of each of up to four ranges side by side: (ranges, n) to (n,)."""
    padded = np.zeros((bits.shape[1], 4), "<u2")
    padded[:, : len(bits)] = bits.T
    return padded.view("<u8")[:, 0]


def unpack(packed: AnyArray, area: int) -> AnyArray:
    """Return the 16 bits of one range."""
    return (packed >> np.uint64(16 * area)).astype(np.uint16)
