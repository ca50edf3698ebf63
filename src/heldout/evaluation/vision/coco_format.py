"""The keys of COCO files that scores depend on; all others are let pass."""

from __future__ import annotations

from typing import Annotated

import msgspec

Id = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**31)]
Box = tuple[float, float, float, float]


class RunLengths(msgspec.Struct, gc=False):
    """A mask: its height and width, and its runs as text or as numbers."""

    size: tuple[Count, Count]
    counts: str | list[int]


Segmentation = RunLengths | list[list[float]]


class Annotation(msgspec.Struct, gc=False):
    """One true object."""

    image_id: Id
    category_id: Id
    id: Id | None = None
    bbox: Box | None = None
    area: float | None = None
    iscrowd: int | bool = 0
    difficult: int | bool = 0
    ignore: int | bool = 0
    segmentation: Segmentation | None = None
    keypoints: list[float] | None = None
    num_keypoints: Count | None = None


class Result(msgspec.Struct, gc=False):
    """One detection."""

    image_id: Id
    category_id: Id
    score: float
    bbox: Box | None = None
    segmentation: Segmentation | None = None
    keypoints: list[float] | None = None


class Category(msgspec.Struct):
    """One category; LVIS says how frequent it is."""

    id: Id
    name: str = ""
    frequency: str = ""
    keypoints: list[str] | None = None


class Image(msgspec.Struct):
    """One image; LVIS says which categories people looked for in it."""

    id: Id
    height: Count = 0
    width: Count = 0
    neg_category_ids: list[Id] = []
    not_exhaustive_category_ids: list[Id] = []


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
