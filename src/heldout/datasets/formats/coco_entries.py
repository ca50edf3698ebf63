"""The entries of COCO files; entries at fault are named one by one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from heldout.decoding import decode
from heldout.errors import Problems


class RunLengths(msgspec.Struct, gc=False):
    """A mask: its height and width, and its runs as text or as numbers."""

    size: tuple[int, int]
    counts: str | list[int]


class Annotation(msgspec.Struct):
    """One object, label or caption."""

    image_id: int | str
    id: int | str | None = None
    category_id: int | None = None
    bbox: tuple[float, float, float, float] | None = None
    segmentation: RunLengths | list[list[float]] | None = None
    keypoints: list[float] | None = None
    caption: str | None = None
    area: float | None = None
    iscrowd: int | bool | None = 0
    score: float | None = None
    origin: str | None = None
    annotator: str | None = None
    attributes: dict[str, Any] | None = None


class CategoryEntry(msgspec.Struct):
    """One category."""

    id: int
    name: str
    supercategory: str = ""
    isthing: int | bool | None = None
    keypoints: list[str] | None = None
    skeleton: list[tuple[int, int]] | None = None
    color: list[int] | None = None


class LicenceEntry(msgspec.Struct):
    """One licence."""

    id: int | str
    name: str = ""
    url: str = ""


class _Document(msgspec.Struct):
    images: list[dict[str, Any]]
    annotations: list[msgspec.Raw]
    categories: list[CategoryEntry] = []
    licenses: list[LicenceEntry] = []
    info: dict[str, Any] = {}


class _Whole(msgspec.Struct):
    annotations: list[Annotation]


@dataclass(frozen=True, slots=True)
class Entries:
    """What a file holds; `places` names each annotation."""

    images: list[dict[str, Any]]
    annotations: list[Annotation]
    places: list[str]
    categories: list[CategoryEntry]
    licences: list[LicenceEntry]
    info: dict[str, Any]


_KNOWN = frozenset(Annotation.__struct_fields__) | {"num_keypoints"}


def read_entries(file: Path, problems: Problems) -> Entries | None:
    """Read a COCO file; an annotation of the wrong shape is a problem and is left out."""
    content = file.read_bytes()
    try:
        document = decode(content, _Document)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        problems.add(file.name, f"is no COCO file: {error}")
        return None
    try:
        annotations = decode(content, _Whole).annotations
    except msgspec.ValidationError:
        annotations = _one_by_one(document.annotations, file.name, problems)
    del content
    if document.annotations:
        _keep_unknown_keys(annotations, document.annotations)
    places = [f"{file.name} annotation {one.id}" for one in annotations]
    return Entries(
        images=document.images,
        annotations=annotations,
        places=places,
        categories=document.categories,
        licences=document.licenses,
        info=document.info,
    )


def _one_by_one(raws: list[msgspec.Raw], file: str, problems: Problems) -> list[Annotation]:
    found = []
    for row, raw in enumerate(raws):
        try:
            found.append(decode(raw, Annotation))
        except msgspec.ValidationError as error:
            problems.add(f"{file} annotations[{row}]", f"{error}; it is left out")
    return found


def _keep_unknown_keys(annotations: list[Annotation], raws: list[msgspec.Raw]) -> None:
    """Move keys that COCO does not know into the attributes, if the first annotation has any."""
    first = decode(raws[0])
    if not isinstance(first, dict) or first.keys() <= _KNOWN or len(raws) != len(annotations):
        return
    for one, raw in zip(annotations, raws, strict=True):
        unknown = {key: value for key, value in decode(raw).items() if key not in _KNOWN}
        if unknown:
            one.attributes = {**(one.attributes or {}), **unknown}
