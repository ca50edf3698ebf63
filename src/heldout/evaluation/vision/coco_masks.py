"""Masks of COCO files: polygons, run lengths as numbers, run lengths as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from heldout.errors import Problems
from heldout.evaluation.data import AnyArray, Flags
from heldout.evaluation.vision.coco_format import RunLengths, Segmentation
from heldout.evaluation.vision.masks import Masks, Runs, fill_polygons, join_masks, read_texts

Place = Callable[[int], str]

LARGEST = 1 << 31  # Pixels of an image.


def read_masks(
    segmentations: Sequence[Segmentation | None], sizes: AnyArray, problems: Problems, place: Place
) -> Masks:
    """Read one mask per row; rows that cannot be read are added to the problems.

    Args:
        segmentations: As the file has them; None is an empty mask.
        sizes: (n, 2) height and width of the image each row is in.
        problems: Collects faults.
        place: Names a row.
    """
    if all(isinstance(one, RunLengths) and isinstance(one.counts, str) for one in segmentations):
        return _read_all_texts(segmentations, sizes, problems, place)
    runs = [
        _read_one(one, sizes[row], problems, place, row) for row, one in enumerate(segmentations)
    ]
    return join_masks(runs, sizes)


def _read_all_texts(
    segmentations: Sequence[Segmentation | None], sizes: AnyArray, problems: Problems, place: Place
) -> Masks:
    lengths = [one for one in segmentations if isinstance(one, RunLengths)]
    flat = chain.from_iterable(one.size for one in lengths)
    given = np.fromiter(flat, np.int64, 2 * len(lengths)).reshape(-1, 2)
    masks, readable = read_texts([str(one.counts) for one in lengths], given)
    return check_masks(masks, readable, sizes, problems, place)


def check_masks(
    masks: Masks, readable: Flags, sizes: AnyArray, problems: Problems, place: Place
) -> Masks:
    """Return masks with the sizes of their images; those of another size go to the problems.

    Args:
        masks: With the sizes they say they have.
        readable: Whether the run lengths of each could be read.
        sizes: (n, 2) height and width of the image each is in.
        problems: Collects faults.
        place: Names a row.
    """
    given, (pixels, _, _) = masks.sizes, masks.measure()
    for row in map(int, np.flatnonzero((given != sizes).any(axis=1))):
        _wrong_size(given[row], sizes[row], problems, place(row))
    for row in map(int, np.flatnonzero(~readable)):
        problems.add(place(row), *UNREADABLE)
    fitting = readable & (given == sizes).all(axis=1)
    for row in map(int, np.flatnonzero(fitting & (pixels != sizes.prod(axis=1)))):
        _wrong_sum(pixels[row], sizes[row], problems, place(row))
    return replace(masks, sizes=sizes)


def _read_one(
    segmentation: Segmentation | None, size: AnyArray, problems: Problems, place: Place, row: int
) -> Runs:
    height, width = map(int, size)
    empty = np.array([height * width], np.uint32)
    if segmentation is None:
        return empty
    if not isinstance(segmentation, RunLengths):
        return _fill(segmentation, height, width, problems, place(row))
    if tuple(segmentation.size) != (height, width):
        _wrong_size(np.array(segmentation.size), size, problems, place(row))
        return empty
    if isinstance(segmentation.counts, str):
        masks, readable = read_texts([segmentation.counts], size[None])
        if not readable[0]:
            problems.add(place(row), *UNREADABLE)
            return empty
        runs = masks.runs
    else:
        counts = np.array(segmentation.counts or [height * width], np.float64)
        if (counts < 0).any() or counts.max() > LARGEST:
            problems.add(place(row), "a run length is negative or too large", "encode it again")
            return empty
        runs = counts.astype(np.uint32)
    total = int(runs.sum(dtype=np.int64))
    if total != height * width:
        _wrong_sum(total, size, problems, place(row))
        return empty
    return runs


def _fill(
    polygons: list[list[float]], height: int, width: int, problems: Problems, place: str
) -> Runs:
    for polygon in polygons:
        corners = np.array(polygon)
        if len(polygon) < 6 or len(polygon) % 2 or not np.isfinite(corners).all():
            message = f"a polygon of {len(polygon)} numbers"
            remedy = "give x and y of three corners or more: [x1, y1, x2, y2, x3, y3]"
            problems.add(place, message, remedy)
            return np.array([height * width], np.uint32)
        if np.abs(corners).max() > LARGEST / 100:
            problems.add(place, "a polygon far outside its image", "give pixels")
            return np.array([height * width], np.uint32)
    return fill_polygons([np.array(polygon) for polygon in polygons], height=height, width=width)


UNREADABLE = ("its run lengths cannot be read", "encode the mask again with the COCO tools")


def _wrong_size(given: AnyArray, size: AnyArray, problems: Problems, place: str) -> None:
    problems.add(
        place,
        f"a mask of height {given[0]} and width {given[1]} in an image of {size[0]} and {size[1]}",
        "resize the mask to its image; the size is [height, width]",
    )


def _wrong_sum(pixels: int, size: AnyArray, problems: Problems, place: str) -> None:
    problems.add(
        place,
        f"run lengths of {pixels:,} pixels for a mask of {size[0] * size[1]:,}",
        "encode the mask again",
    )
