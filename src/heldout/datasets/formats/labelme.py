"""LabelMe: one JSON file per image, beside it; shapes of points in pixels."""

from __future__ import annotations

import base64
import binascii
import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from PIL import Image

from heldout.datasets.annotations import run_lengths
from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.annotations.schema import HEIGHT, SPLIT, WIDTH, Kind
from heldout.datasets.formats.exporting import (
    WHOLE,
    by_split,
    place_image,
    rows_by_example,
    stems,
    tidy,
    write_json,
)
from heldout.datasets.formats.finding import listing, split_of
from heldout.datasets.formats.format import Draft, Format, Source, Trait
from heldout.datasets.formats.losses import FILE_NAME
from heldout.datasets.formats.rows import Rows, as_json, from_json
from heldout.datasets.formats.shapes import corners_of, ellipse
from heldout.datasets.table import ID
from heldout.decoding import decode
from heldout.errors import Problems

_VERSION = "5.5.0"  # Of LabelMe's files, as written.


class _Shape(msgspec.Struct):
    label: str
    points: list[tuple[float, float]] = []
    shape_type: str = "polygon"
    group_id: int | str | None = None
    flags: dict[str, Any] | None = None
    description: str | None = None
    mask: str | None = None


class _Document(msgspec.Struct):
    shapes: list[msgspec.Raw]
    imagePath: str | None = None
    imageHeight: int | None = None
    imageWidth: int | None = None
    flags: dict[str, Any] | None = None


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() == ".json" else []
    return [path / name for name in listing(path) if name.lower().endswith(".json")]


def _recognise(path: Path) -> bool:
    files = _files(path)[:1]
    try:
        return any(decode(file.read_bytes(), _Document) for file in files)
    except (msgspec.MsgspecError, UnicodeDecodeError, OSError):
        return False


def _read(source: Source, problems: Problems) -> Draft | None:
    root = source.images or (source.path if source.path.is_dir() else source.path.parent)
    base = source.path if source.path.is_dir() else source.path.parent
    rows = Rows()
    for file in _files(source.path):
        _read_file(file, file.relative_to(base), rows, problems)
    return rows.draft(root=root) if rows.examples else None


def _read_file(file: Path, name: Path, rows: Rows, problems: Problems) -> None:
    place = name.as_posix()
    try:
        document = decode(file.read_bytes(), _Document)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        problems.add(place, f"is no LabelMe file: {error}")
        return
    example_id = name.with_suffix("").as_posix()
    image = (document.imagePath or "").replace("\\", "/")
    split = split_of(name.parent) if name.parent.name else None
    rows.example(
        place,
        example_id,
        (name.parent / image).as_posix() if image else None,
        **{FILE_NAME: image or None, WIDTH: document.imageWidth, HEIGHT: document.imageHeight},
        **({SPLIT: split} if split else {}),
    )
    for flag in (key for key, value in (document.flags or {}).items() if value):
        rows.annotation(place, example_id, Kind.LABEL, category=flag)
    grouped: dict[tuple[str, object], dict[str, Any]] = {}
    for number, raw in enumerate(document.shapes, 1):
        _read_shape(raw, f"{place} shape {number}", example_id, document, rows, grouped, problems)


def _read_shape(
    raw: msgspec.Raw,
    place: str,
    example_id: str,
    document: _Document,
    rows: Rows,
    grouped: dict[tuple[str, object], dict[str, Any]],
    problems: Problems,
) -> None:
    try:
        shape = decode(raw, _Shape)
        geometry = _geometry(shape, document)
    except (msgspec.MsgspecError, ValueError, OSError) as error:
        problems.add(place, f"cannot be read ({error}); it is left out")
        return
    if geometry is None:
        problems.add(place, f'a "{shape.shape_type}" cannot be held; it is left out')
        return
    key = (shape.label, shape.group_id)
    if shape.group_id is not None and "polygons" in geometry and key in grouped:
        first = grouped[key]
        first["polygons"] += geometry["polygons"]
        first["attributes"] = as_json({**from_json(first["attributes"]), "group": None})
        return
    flags = {name: value for name, value in (shape.flags or {}).items() if value}
    attributes = {**flags, "group": shape.group_id, "description": shape.description or None}
    columns = {"category": shape.label, "attributes": attributes}
    rows.annotation(place, example_id, Kind.OBJECT, **columns, **geometry)
    if shape.group_id is not None and "polygons" in geometry:
        grouped[key] = rows.annotations[-1]


def _geometry(shape: _Shape, document: _Document) -> dict[str, Any] | None:
    points = shape.points
    if shape.shape_type == "rectangle" and len(points) >= 2:
        xs, ys = [x for x, _ in points], [y for _, y in points]
        return {"box": (min(xs), min(ys), max(xs), max(ys))}
    if shape.shape_type == "polygon":
        return {"polygons": [[value for point in points for value in point]]}
    if shape.shape_type == "circle" and len(points) == 2:
        (x, y), edge = points
        radius = math.dist((x, y), edge)
        return {"polygons": [ellipse(x, y, radius, radius)]}
    if shape.shape_type in ("point", "points"):
        return {"keypoints": [value for x, y in points for value in (x, y, 2.0)]}
    if shape.shape_type == "mask" and shape.mask and len(points) == 2:
        return _mask(shape, document)
    return None


def _mask(shape: _Shape, document: _Document) -> dict[str, Any]:
    """Put a mask that covers only its box into the whole image."""
    height, width = document.imageHeight, document.imageWidth
    if not height or not width:
        raise ValueError("the size of the image is not there")
    try:
        content = base64.b64decode(shape.mask or "", validate=True)
    except binascii.Error:
        raise ValueError("its mask is not base64") from None
    with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
        part = np.asarray(image.convert("L")) > 0
    left, top = (round(value) for value in shape.points[0])
    whole = np.zeros((height, width), bool)
    window = whole[max(top, 0) : top + part.shape[0], max(left, 0) : left + part.shape[1]]
    window[:] = part[: window.shape[0], : window.shape[1]]
    text = run_lengths.text_of(run_lengths.counts_of_pixels(whole))
    return {"mask": text, "mask_height": height, "mask_width": width}


def _write(dataset: DataSet, folder: Path) -> None:
    annotations = rows_by_example(dataset.annotations)
    for split, part in by_split(dataset):
        target = folder if split == WHOLE else folder / split
        target.mkdir(exist_ok=True)
        names = [None if path is None else place_image(path, target) for path in part.media_paths()]
        rows = zip(part.examples.iter_rows(named=True), names, stems(part, names), strict=True)
        for row, name, stem in rows:
            document = _document(row, name, annotations.get(row[ID], []))
            write_json(document, target / f"{stem}.json")


def _document(
    row: Mapping[str, Any], name: str | None, annotations: list[dict[str, Any]]
) -> dict[str, object]:
    shapes = [
        shape
        for number, one in enumerate(annotations)
        if one["kind"] == Kind.OBJECT
        for shape in _shapes(one, number)
    ]
    return {
        "version": _VERSION,
        "flags": {one["category"]: True for one in annotations if one["kind"] == Kind.LABEL},
        "shapes": shapes,
        "imagePath": name or row.get(FILE_NAME) or "",
        "imageData": None,
        "imageHeight": row.get(HEIGHT),
        "imageWidth": row.get(WIDTH),
    }


def _shapes(one: dict[str, Any], number: int) -> list[dict[str, object]]:
    """Return the shapes of one object: several polygons share a group."""
    attributes = from_json(one["attributes"])
    group = attributes.pop("group", None)
    description = attributes.pop("description", "")
    common: dict[str, object] = {
        "label": one["category"] or "",
        "flags": attributes,
        "description": description,
    }
    if one["polygons"]:
        several = len(one["polygons"]) > 1
        common["group_id"] = number if several and group is None else group
        return [
            common | {"shape_type": "polygon", "points": _pairs(polygon)}
            for polygon in one["polygons"]
        ]
    common["group_id"] = group
    if one["mask"] is not None:
        return [common | _mask_shape(one)]
    if one["keypoints"] is not None:
        points = zip(one["keypoints"][0::3], one["keypoints"][1::3], strict=True)
        return [common | {"shape_type": "points", "points": list(points)}]
    if one["rotation"]:
        return [common | {"shape_type": "polygon", "points": _pairs(corners_of(one))}]
    corners = [(tidy(one["x0"]), tidy(one["y0"])), (tidy(one["x1"]), tidy(one["y1"]))]
    return [common | {"shape_type": "rectangle", "points": corners}]


def _pairs(polygon: list[float]) -> list[tuple[float, float]]:
    return list(zip(polygon[0::2], polygon[1::2], strict=True))


def _mask_shape(one: dict[str, Any]) -> dict[str, object]:
    """LabelMe keeps the mask of the box alone; the second corner is the last pixel."""
    counts = run_lengths.counts_of(one["mask"])
    mask = run_lengths.pixels_of(counts, one["mask_height"], one["mask_width"])
    left, top, right, bottom = map(int, run_lengths.box_of(counts, one["mask_height"]) or (0,) * 4)
    stream = io.BytesIO()
    Image.fromarray(mask[top:bottom, left:right]).save(stream, format="PNG")
    return {
        "shape_type": "mask",
        "points": [(left, top), (right - 1, bottom - 1)],
        "mask": base64.b64encode(stream.getvalue()).decode(),
    }


FORMAT = Format(
    id="labelme",
    title="LabelMe",
    layout="a folder of images, each with a JSON file beside it",
    holds=frozenset(
        {
            Trait.SPLITS,
            Trait.LABELS,
            Trait.SEVERAL_LABELS,
            Trait.BOXES,
            Trait.POLYGONS,
            Trait.SEVERAL_POLYGONS,
            Trait.MASKS,
            Trait.ATTRIBUTES,
            Trait.LOOSE_EXAMPLES,
        }
    ),
    recognise=_recognise,
    read=_read,
    write=_write,
)
