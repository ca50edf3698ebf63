"""Average precision under any weights of the images, from what was matched once."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from heldout.evaluation.data import AnyArray, Flags, Floats
from heldout.evaluation.stats import ExampleStats, Ragged
from heldout.evaluation.vision.matching import rank_in_runs, unpack
from heldout.evaluation.vision.objects import stable_order

LANES = 64  # Resamples walked side by side: many for the vector unit, few enough for its cache.


class Cut(NamedTuple):
    """What a precision-recall curve is made of: a range of areas and a number of detections.

    Attributes:
        area: Position of the range of areas.
        most: Detections per image and category, the best ones.
        curve: False where only the recall is wanted.
    """

    area: int
    most: int
    curve: bool = True


@dataclass(frozen=True, eq=False)
class Tracks:
    """The detections of each category and cut in score order, ready to be walked with weights.

    See `kernels.accumulation.average_precision` for the arrays.
    """

    positives: AnyArray
    positives_at: AnyArray
    misses: AnyArray
    misses_at: AnyArray
    images: AnyArray
    misses_before: AnyArray
    hits: AnyArray
    counted: AnyArray
    touched_at: AnyArray
    with_precision: Flags
    cuts: int
    categories: int


class Summary(NamedTuple):
    """Average precision and recall: (replicates, cuts, categories, thresholds); NaN if undefined."""

    precision: Floats
    recall: Floats


class Curve(NamedTuple):
    """One point per true positive, in score order; precision is the best at this recall or more."""

    recall: Floats
    precision: Floats


_tracks: WeakKeyDictionary[ExampleStats, Tracks] = WeakKeyDictionary()


def accumulate(
    stats: ExampleStats, weights: Floats, *, cuts: Sequence[Cut], thresholds: int, points: int
) -> Summary:
    """Accumulate under each row of weights (replicates, images).

    A category none of whose objects has a weight is NaN, and leaves every mean. A detection of
    weight 2 stands for two detections that follow one another.

    Args:
        stats: With the arrays of `matching.match`.
        weights: Not negative.
        cuts: The same at every call with the same statistics.
        thresholds: Number of thresholds of the matching.
        points: Recalls the precision is averaged over: 101, 11, or 0 for the area under the curve.
    """
    from heldout.evaluation.vision.kernels import accumulation as kernels

    tracks = _tracks_of(stats, cuts)
    replicates = len(weights)
    lanes = max(1, min(LANES, replicates))
    blocks = -(-replicates // lanes)
    padded = np.zeros((blocks * lanes, weights.shape[1]))
    padded[:replicates] = weights
    lined = np.ascontiguousarray(padded.reshape(blocks, lanes, -1).transpose(0, 2, 1))
    shape = (blocks, tracks.cuts * tracks.categories, thresholds, lanes)
    precision, recall = np.empty(shape), np.empty(shape)

    def walk(part: slice) -> None:
        kernels.average_precision(
            lined[part], tracks.positives, tracks.positives_at, tracks.misses, tracks.misses_at,
            tracks.images, tracks.misses_before, tracks.hits, tracks.counted, tracks.touched_at,
            tracks.with_precision, thresholds, points, precision[part], recall[part],
        )  # fmt: skip

    _in_threads(walk, blocks)
    return Summary(*(_unlane(one, replicates, tracks) for one in (precision, recall)))


def precision_recall(
    stats: ExampleStats, cuts: Sequence[Cut], *, category: int, threshold: int
) -> Curve:
    """Return the curve of one category in the first cut; empty without a true positive.

    Raises:
        ValueError: No object of the category counts.
    """
    tracks = _tracks_of(stats, cuts)
    positives = int(tracks.positives_at[category + 1] - tracks.positives_at[category])
    if not positives:
        raise ValueError(f"no object of category {category} counts")
    own = slice(tracks.touched_at[category], tracks.touched_at[category + 1])
    bit = np.uint16(1 << threshold)
    misses = tracks.misses_before[own] - tracks.misses_at[category]
    counted, hit = (tracks.counted[own] & bit) != 0, (tracks.hits[own] & bit) != 0
    right = np.cumsum(hit)
    precision = (right / np.maximum(misses + np.cumsum(counted), 1))[hit]
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return Curve(right[hit] / positives, best)


def _tracks_of(stats: ExampleStats, cuts: Sequence[Cut]) -> Tracks:
    if stats not in _tracks:
        _tracks[stats] = lay_tracks(stats, cuts)
    return _tracks[stats]


def lay_tracks(stats: ExampleStats, cuts: Sequence[Cut]) -> Tracks:
    """Sort the detections by category and falling score, ties by image, and drop what cannot count.

    Detections after the last one that meets an object change nothing.
    """
    categories = len(stats.classes)
    found = {name: _rows(stats, name) for name in ("category", "score", "inside", "hit", "passed")}
    image = _images(stats, "category")
    rank = rank_in_runs(image.astype(np.int64) * categories + found["category"])
    order = np.argsort(-found["score"], kind="stable")
    order = order[stable_order(found["category"][order])]
    found = {name: column[order] for name, column in found.items()}
    image, rank = image[order], rank[order]
    true = stable_order(_rows(stats, "true_category"))
    true_category = _rows(stats, "true_category")[true]
    counts, true_image = _rows(stats, "counts")[true], _images(stats, "true_category")[true]
    parts = []
    for cut in cuts:
        bit = np.uint8(1 << cut.area)
        to_find = np.flatnonzero(counts & bit)
        inside = (found["inside"] & bit) != 0
        hit, passed = unpack(found["hit"], cut.area), unpack(found["passed"], cut.area)
        counted = hit | np.where(inside, ~passed, np.uint16(0))
        allowed = rank < cut.most
        touched = np.flatnonzero(((hit | passed) != 0) & allowed)
        missed = (
            np.flatnonzero(inside & ((hit | passed) == 0) & allowed) if cut.curve else touched[:0]
        )
        parts.append(
            (
                true_image[to_find], _bounds(true_category[to_find], categories),
                image[missed], _bounds(found["category"][missed], categories),
                image[touched], np.searchsorted(missed, touched),
                hit[touched], counted[touched],
                _bounds(found["category"][touched], categories),
            )
        )  # fmt: skip
    columns = list(zip(*parts, strict=True))
    positives, misses, images = (np.concatenate(columns[i]) for i in (0, 2, 4))
    positives_at, misses_at, touched_at = (_joined(columns[i]) for i in (1, 3, 8))
    shift = np.cumsum([0, *map(len, columns[2])])
    before = [part + start for part, start in zip(columns[5], shift, strict=False)]
    return Tracks(
        positives, positives_at, misses, misses_at, images, np.concatenate(before),
        np.concatenate(columns[6]), np.concatenate(columns[7]), touched_at,
        np.repeat([cut.curve for cut in cuts], categories), len(cuts), categories,
    )  # fmt: skip


def _rows(stats: ExampleStats, name: str) -> AnyArray:
    array = stats.arrays[name]
    assert isinstance(array, Ragged)
    return array.values


def _images(stats: ExampleStats, name: str) -> AnyArray:
    array = stats.arrays[name]
    assert isinstance(array, Ragged)
    return np.repeat(np.arange(len(stats), dtype=np.int32), np.diff(array.offsets))


def _bounds(category: AnyArray, categories: int) -> AnyArray:
    return np.searchsorted(category, np.arange(categories + 1))


def _joined(bounds: Sequence[AnyArray]) -> AnyArray:
    """Join the bounds of several parts whose rows are put one after another."""
    lengths = np.concatenate([np.diff(one) for one in bounds])
    return np.concatenate([[0], np.cumsum(lengths)])


def _in_threads(work: Callable[[slice], None], blocks: int) -> None:
    workers = min(len(os.sched_getaffinity(0)), blocks)
    edges = np.linspace(0, blocks, workers + 1).astype(int)
    parts = [slice(a, b) for a, b in pairwise(edges)]
    if workers == 1:
        work(parts[0])
        return
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, parts))


def _unlane(lined: Floats, replicates: int, tracks: Tracks) -> Floats:
    """Bring (blocks, cuts × categories, thresholds, lanes) into the order of a `Summary`."""
    ordered = lined.transpose(0, 3, 1, 2).reshape(
        -1, tracks.cuts, tracks.categories, lined.shape[2]
    )
    return ordered[:replicates]
