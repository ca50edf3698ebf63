"""The keys of COCO files that scores depend on; all others are let pass."""

from __future__ import annotations

import msgspec

Box = tuple[float, float, float, float]


class RunLengths(msgspec.Struct, gc=False):
    """A mask: its height and width, and its runs as text or as numbers."""

    size: tuple[int, int]
    counts: str | list[int]


Segmentation = RunLengths | list[list[float]]


class Annotation(msgspec.Struct, gc=False):
    """One true object."""

    image_id: int
    category_id: int
    id: int | None = None
    bbox: Box | None = None
    area: float | None = None
    iscrowd: int | bool = 0
    difficult: int | bool = 0
    ignore: int | bool = 0
    segmentation: Segmentation | None = None
    keypoints: list[float] | None = None
    num_keypoints: int | None = None


class Result(msgspec.Struct, gc=False):
    """One detection."""

    image_id: int
    category_id: int
    score: float
    bbox: Box | None = None
    segmentation: Segmentation | None = None
    keypoints: list[float] | None = None


class Category(msgspec.Struct):
    """One category; LVIS says how frequent it is."""

    id: int
    name: str = ""
    frequency: str = ""
    keypoints: list[str] | None = None


class Image(msgspec.Struct):
    """One image; LVIS says which categories people looked for in it."""

    id: int
    height: int = 0
    width: int = 0
    neg_category_ids: list[int] = []
    not_exhaustive_category_ids: list[int] = []


class GroundTruth(msgspec.Struct):
    """The file as a whole."""

    images: list[Image]
    categories: list[Category]
    annotations: list[Annotation]


class ImageKeys(msgspec.Struct):
    """Everything the images say."""

    images: list[dict[str, object]]


class Unchecked(msgspec.Struct):
    """The file as a whole, its entries not yet looked at."""

    images: list[msgspec.Raw]
    categories: list[msgspec.Raw]
    annotations: list[msgspec.Raw]
