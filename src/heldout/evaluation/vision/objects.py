"""Objects in images and detections of them, as columns.

Images and categories are positions: in the sorted image ids and the sorted category ids, the order
in which the reference implementation breaks ties.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
import polars as pl

from heldout.evaluation.data import AnyArray, Codes, Flags, Floats, Predictions, References
from heldout.evaluation.vision.masks import Masks


@dataclass(frozen=True, eq=False, kw_only=True)
class Instances:
    """What objects and detections have in common, one row each.

    Attributes:
        image: Position of the image.
        category: Position of the category.
        area: In pixels: the annotated one of an object, that of the box or mask of a detection.
        boxes: (n, 4) x, y, width, height in pixels, or None.
        masks: Run lengths, or None.
        keypoints: (n, keypoints, 3) x, y, visibility, or None.
    """

    image: Codes
    category: Codes
    area: Floats
    boxes: Floats | None = None
    masks: Masks | None = None
    keypoints: Floats | None = None

    def __len__(self) -> int:
        return len(self.image)

    def take(self, rows: AnyArray) -> Self:
        """Return these rows, in this order."""
        columns = {item.name: getattr(self, item.name) for item in fields(self)}
        return replace(
            self, **{k: column[rows] for k, column in columns.items() if column is not None}
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Objects(Instances):
    """The true objects.

    Attributes:
        crowd: A region of many objects; any number of detections may lie in it unpunished.
        difficult: Counts neither way in Pascal VOC.
        visible: Number of annotated keypoints; an object with none is a region to ignore.
    """

    crowd: Flags
    difficult: Flags
    visible: AnyArray


@dataclass(frozen=True, eq=False, kw_only=True)
class Detections(Instances):
    """What an entrant found.

    Attributes:
        score: How sure the entrant is; only the order counts.
    """

    score: Floats


@dataclass(frozen=True, eq=False)
class Layout:
    """What detections are checked against: public, and none of it an answer.

    Attributes:
        example_ids: The image ids as text.
        image_ids: Sorted.
        sizes: (images, 2) height and width; 0 where the file does not say.
        category_ids: Sorted.
        names: Of the categories.
        keypoints: Number of keypoints of a pose; 0 where there are none.
    """

    example_ids: pl.Series
    image_ids: AnyArray
    sizes: AnyArray
    category_ids: AnyArray
    names: tuple[str, ...]
    keypoints: int = 0

    def say_categories(self) -> str:
        """List the ids of the categories where they are few."""
        return say_categories(self.category_ids.tolist())


@dataclass(frozen=True, eq=False, kw_only=True)
class ObjectReferences(References):
    """The objects of every image.

    Attributes:
        objects: In the order of the file.
        layout: What is public of the images.
        frequency: LVIS: `r`, `c` or `f` for each category, else empty.
        absent: LVIS: (images, categories), True where people checked that there is none.
        unfinished: LVIS: (images, categories), True where not every object is annotated.
    """

    objects: Objects
    layout: Layout
    frequency: str = ""
    absent: Flags | None = None
    unfinished: Flags | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the categories, in the order of their ids."""
        return self.layout.names

    @property
    def public(self) -> Layout:
        """The images and categories that detections may name."""
        return self.layout


@dataclass(frozen=True, eq=False, kw_only=True)
class ObjectPredictions(Predictions):
    """The detections in every image, in the order of the file. An image may well have none."""

    detections: Detections


def ids_as_text(ids: AnyArray) -> pl.Series:
    """Return numeric ids as the text that names examples everywhere else."""
    return pl.Series("example_id", ids).cast(pl.String)


def stable_order(codes: AnyArray) -> AnyArray:
    """Sort small codes, equal ones in their present order; 16 bits are sorted by radix."""
    small = len(codes) and int(codes.max()) < 1 << 16
    return np.argsort(codes.astype(np.uint16) if small else codes, kind="stable")


def box_areas(boxes: Floats) -> Floats:
    """Return width times height, infinite where it is too large for a number."""
    with np.errstate(over="ignore"):
        areas: Floats = boxes[:, 2] * boxes[:, 3]
    return areas


def is_box(boxes: Floats) -> Flags:
    """Tell which boxes (n, 4) are finite and have no negative side."""
    with np.errstate(over="ignore", invalid="ignore"):
        total = boxes.sum()  # Finite if all are; where it is not, they are looked at one by one.
    if len(boxes) and np.isfinite(total) and boxes[:, 2:].min() >= 0:
        return np.ones(len(boxes), np.bool_)
    x, y, width, height = np.isfinite(boxes).T  # Four columns are faster than many short rows.
    found: Flags = x & y & width & height & (boxes[:, 2] >= 0) & (boxes[:, 3] >= 0)
    return found


def say_box(box: Floats) -> tuple[str, str]:
    """Say what is wrong with a box, and the way out."""
    listed = ", ".join(f"{value:g}" for value in box)
    if np.isnan(box).all():
        return "no bbox", "give x, y, width, height in pixels"
    if not np.isfinite(box).all():
        return f"bbox [{listed}] is not finite", "give x, y, width, height in pixels"
    return f"bbox [{listed}] has a negative side", "give x, y, width, height in pixels"


def say_categories(ids: Sequence[int]) -> str:
    """List the ids of the categories, the first of them where they are many."""
    return f"the ids are {', '.join(map(str, ids[:12]))}{' …' if len(ids) > 12 else ''}"
