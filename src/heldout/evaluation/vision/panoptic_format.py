"""The keys of panoptic JSON that scores depend on."""

from __future__ import annotations

import msgspec

from heldout.evaluation.vision.coco_format import Count, Id

ImageId = int | str


class Segment(msgspec.Struct):
    """One segment; its pixels have the colour of its id in the PNG."""

    id: Id
    category_id: Id
    area: Count | None = None
    iscrowd: int | bool = 0


class Annotation(msgspec.Struct):
    """One image's segments."""

    image_id: ImageId
    file_name: str
    segments_info: list[Segment]


class Category(msgspec.Struct):
    """A category of things, which are counted, or of stuff."""

    id: Id
    name: str = ""
    isthing: int | bool = 0


class GroundTruth(msgspec.Struct):
    """The references."""

    annotations: list[Annotation]
    categories: list[Category]
    images: list[dict[str, object]] = []


class Results(msgspec.Struct):
    """The predictions; what else the file has is let pass."""

    annotations: list[Annotation]
