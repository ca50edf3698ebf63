"""Average precision under any weights of the images, from what was matched once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from heldout.evaluation.data import AnyArray, Flags, Floats
from heldout.evaluation.stats import ExampleStats, Ragged
from heldout.evaluation.threads import in_threads
from heldout.evaluation.vision.matching import rank_in_runs, unpack
from heldout.evaluation.vision.objects import stable_order
from heldout.statistics.weights import BLOCK_BYTES, Resampling

LANES = 128  # Resamples walked side by side: many for the vector unit, few enough for its cache.
LANES_SINGLE = 256  # The same in single precision.
MOST_SINGLE = 1 << 22  # Detections whose weighted counts single precision holds exactly.


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
    stats: ExampleStats, weights: AnyArray, *, cuts: Sequence[Cut], thresholds: int, points: int
) -> Summary:
    """Accumulate under each row of weights (replicates, images).

    A category none of whose objects has a weight is NaN, and leaves every mean. A detection of
    weight 2 stands for two detections that follow one another.

    Args:
        stats: With the arrays of `matching.match`.
        weights: Not negative. Those of single precision are accumulated in single precision, which
            takes half the time and is off by less than a hundredth of what resamples differ by.
        cuts: The same at every call with the same statistics.
        thresholds: Number of thresholds of the matching.
        points: Recalls the precision is averaged over: 101, 11, or 0 for the area under the curve.
    """
    from heldout.evaluation.vision.kernels import accumulation as kernels

    tracks = _tracks_of(stats, cuts)
    replicates = len(weights)
    kind = weights.dtype
    lanes = max(1, min(LANES_SINGLE if kind == np.float32 else LANES, replicates))
    blocks = -(-replicates // lanes)
    padded = np.zeros((blocks * lanes, weights.shape[1]), kind)
    padded[:replicates] = weights
    lined = np.ascontiguousarray(padded.reshape(blocks, lanes, -1).transpose(0, 2, 1))
    shape = (blocks, tracks.cuts * tracks.categories, thresholds, lanes)
    precision, recall = np.empty(shape, kind), np.empty(shape, kind)

    def walk(part: slice) -> None:
        kernels.average_precision(
            lined[part], tracks.positives, tracks.positives_at, tracks.misses, tracks.misses_at,
            tracks.images, tracks.misses_before, tracks.hits, tracks.counted, tracks.touched_at,
            tracks.with_precision, thresholds, points, precision[part], recall[part],
        )  # fmt: skip

    in_threads(walk, blocks)
    return Summary(*(_unlane(one, replicates, tracks) for one in (precision, recall)))


def resample(
    stats: ExampleStats, resampling: Resampling, reduce: Callable[[AnyArray], Floats]
) -> Floats | None:
    """Reduce the shared resamples in single precision; None where that is not exact enough."""
    if len(_rows(stats, "category")) > MOST_SINGLE:
        return None
    rows = BLOCK_BYTES // (4 * max(1, len(stats)))
    rows = min(
        2 * LANES_SINGLE, max(1, rows - rows % LANES_SINGLE if rows > LANES_SINGLE else rows)
    )
    blocks = resampling.blocks(rows)
    return np.concatenate([reduce(block.astype(np.float32)) for block in blocks]).astype(np.float64)


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
    found["image"] = _images(stats, "category")
    cell = found["image"].astype(np.int64) * categories + found["category"]
    found["rank"] = rank_in_runs(cell)
    order = np.argsort(-found["score"], kind="stable")
    order = order[stable_order(found["category"][order])]
    found = {name: column[order] for name, column in found.items()}
    order = stable_order(_rows(stats, "true_category"))
    true = {name: _rows(stats, name)[order] for name in ("true_category", "counts")}
    true["image"] = _images(stats, "true_category")[order]
    parts = [_lay_cut(found, true, cut, categories) for cut in cuts]
    shift = np.cumsum([0, *(len(part.misses) for part in parts)])
    return Tracks(
        positives=_joined(part.positives for part in parts),
        positives_at=_joined_bounds(part.positives_at for part in parts),
        misses=_joined(part.misses for part in parts),
        misses_at=_joined_bounds(part.misses_at for part in parts),
        images=_joined(part.images for part in parts),
        misses_before=_joined(
            part.misses_before + start for part, start in zip(parts, shift, strict=False)
        ),
        hits=_joined(part.hits for part in parts),
        counted=_joined(part.counted for part in parts),
        touched_at=_joined_bounds(part.touched_at for part in parts),
        with_precision=_joined(part.with_precision for part in parts),
        cuts=len(cuts),
        categories=categories,
    )


def _lay_cut(
    found: dict[str, AnyArray], true: dict[str, AnyArray], cut: Cut, categories: int
) -> Tracks:
    """Lay the tracks of one cut, from columns sorted by category and falling score."""
    bit = np.uint8(1 << cut.area)
    positives = np.flatnonzero(true["counts"] & bit)
    inside = (found["inside"] & bit) != 0
    hit, passed = unpack(found["hit"], cut.area), unpack(found["passed"], cut.area)
    met = (hit | passed) != 0
    allowed = found["rank"] < cut.most
    touched = np.flatnonzero(met & allowed)
    misses = np.flatnonzero(inside & ~met & allowed) if cut.curve else touched[:0]
    counted = hit | np.where(inside, ~passed, np.uint16(0))
    return Tracks(
        positives=true["image"][positives],
        positives_at=_bounds(true["true_category"][positives], categories),
        misses=found["image"][misses],
        misses_at=_bounds(found["category"][misses], categories),
        images=found["image"][touched],
        misses_before=np.searchsorted(misses, touched),
        hits=hit[touched],
        counted=counted[touched],
        touched_at=_bounds(found["category"][touched], categories),
        with_precision=np.full(categories, cut.curve),
        cuts=1,
        categories=categories,
    )


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


def _joined(columns: Iterable[AnyArray]) -> AnyArray:
    return np.concatenate(list(columns))


def _joined_bounds(bounds: Iterable[AnyArray]) -> AnyArray:
    """Join the bounds of several parts whose rows are put one after another."""
    lengths = np.concatenate([np.diff(one) for one in bounds])
    return np.concatenate([[0], np.cumsum(lengths)])


def _unlane(lined: Floats, replicates: int, tracks: Tracks) -> Floats:
    """Bring (blocks, cuts × categories, thresholds, lanes) into the order of a `Summary`."""
    ordered = lined.transpose(0, 3, 1, 2).reshape(
        -1, tracks.cuts, tracks.categories, lined.shape[2]
    )
    return ordered[:replicates]
