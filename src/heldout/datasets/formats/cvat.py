"""CVAT for images 1.1: one XML document with labels, images and their shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

import numpy as np

from heldout.datasets.annotations import run_lengths
from heldout.datasets.annotations.dataset import Category, DataSet
from heldout.datasets.annotations.schema import HEIGHT, SPLIT, WIDTH, Kind, Origin
from heldout.datasets.formats.exporting import place_images, rows_by_example, tidy
from heldout.datasets.formats.finding import files_ending, find_images
from heldout.datasets.formats.format import Draft, Format, Source, Trait
from heldout.datasets.formats.losses import FILE_NAME
from heldout.datasets.formats.markup import number_of, parse, root_tag, text_of
from heldout.datasets.formats.rows import Rows, from_json
from heldout.datasets.formats.shapes import ellipse
from heldout.datasets.table import ID, MEDIA
from heldout.errors import Problems

_SHAPES = ("box", "polygon", "points", "mask", "tag", "ellipse", "skeleton", "polyline", "cuboid")
_ORIGINS = {"manual": Origin.HUMAN, "auto": Origin.MACHINE, "semi-auto": Origin.VERIFIED}
_SOURCES = {origin: source for source, origin in _ORIGINS.items()}
_OWN_ID = "example_id"  # A tag attribute that gives an example its own id back.


def _recognise(path: Path) -> bool:
    return any(root_tag(file) == "annotations" for file in files_ending(path, ".xml"))


def _read(source: Source, problems: Problems) -> Draft | None:
    files = [file for file in files_ending(source.path, ".xml") if root_tag(file) == "annotations"]
    rows, categories = Rows(), dict[str, Category]()
    for file in files:
        document = parse(file, problems)
        if document is not None:
            categories |= _categories(document)
            for image in document.iter("image"):
                _read_image(image, file.name, rows, categories, problems)
    if not rows.examples:
        return None
    root, paths = find_images([row[FILE_NAME] for row in rows.examples], files[0], source)
    for row, path in zip(rows.examples, paths, strict=True):
        row[MEDIA] = path
    return rows.draft(root=root, categories=categories.values() or None)


def _categories(document: Element) -> dict[str, Category]:
    """Return the declared labels; those of a skeleton's points belong to the skeleton."""
    found: dict[str, Category] = {}
    points: dict[str, list[str]] = {}
    for label in document.iterfind("meta//labels/label"):
        name, parent = text_of(label, "name"), text_of(label, "parent")
        if parent:
            points.setdefault(parent, []).append(name)
        elif name:
            found[name] = Category(name, colour=_colour(text_of(label, "color")))
    return {
        name: Category(name, keypoints=tuple(points.get(name, ())), colour=one.colour)
        for name, one in found.items()
    }


def _colour(text: str) -> tuple[int, int, int] | None:
    try:
        red, green, blue = bytes.fromhex(text.removeprefix("#"))
    except ValueError:
        return None
    return red, green, blue


def _read_image(
    image: Element, file: str, rows: Rows, categories: Mapping[str, Category], problems: Problems
) -> None:
    name = image.get("name", "")
    example_id = image.get(_OWN_ID) or Path(name).with_suffix("").as_posix()
    size = {WIDTH: number_of(image.get("width")), HEIGHT: number_of(image.get("height"))}
    place = f"{file} image {name or image.get('id')}"
    rows.example(
        place,
        example_id,
        name,
        **{FILE_NAME: name},
        **{key: None if value is None else int(value) for key, value in size.items()},
        **({SPLIT: image.get("subset")} if image.get("subset") else {}),
    )
    shapes = [one for one in image if one.tag in _SHAPES]
    for number, shape in enumerate(shapes, 1):
        where = f"{place}, {shape.tag} {number}"
        try:
            columns = _READERS[shape.tag](shape, size, categories)
        except (KeyError, TypeError, ValueError):
            problems.add(where, "has coordinates that cannot be read; it is left out")
            continue
        if columns is None:
            problems.add(where, f"a {shape.tag} cannot be held; it is left out")
            continue
        kind = Kind.LABEL if shape.tag == "tag" else Kind.OBJECT
        rows.annotation(where, example_id, kind, **columns, **_remarks(shape))


def _remarks(shape: Element) -> dict[str, Any]:
    attributes: dict[str, object] = {
        one.get("name", ""): one.text for one in shape.iterfind("attribute")
    }
    attributes["occluded"] = True if shape.get("occluded") == "1" else None
    attributes["outside"] = True if shape.get("outside") == "1" else None
    attributes["group"] = shape.get("group_id")
    order = shape.get("z_order")
    attributes["z_order"] = int(order) if order not in (None, "", "0") else None
    return {
        "category": shape.get("label"),
        "origin": _ORIGINS.get(shape.get("source", "")),
        "attributes": attributes,
    }


_Sizes = Mapping[str, float | None]
_Reader = Callable[[Element, _Sizes, Mapping[str, Category]], dict[str, Any] | None]


def _numbers(shape: Element, *names: str) -> list[float]:
    return [float(shape.attrib[name]) for name in names]


def _read_box(shape: Element, *_: object) -> dict[str, Any]:
    corners = _numbers(shape, "xtl", "ytl", "xbr", "ybr")
    return {"box": tuple(corners), "rotation": float(shape.get("rotation", 0)) or None}


def _points(shape: Element) -> list[float]:
    pairs = [pair for pair in shape.attrib["points"].split(";") if pair]
    return [float(value) for pair in pairs for value in pair.split(",")]


def _read_polygon(shape: Element, *_: object) -> dict[str, Any]:
    return {"polygons": [_points(shape)]}


def _read_points(shape: Element, *_: object) -> dict[str, Any]:
    flat = _points(shape)
    pairs = zip(flat[0::2], flat[1::2], strict=True)
    return {"keypoints": [value for x, y in pairs for value in (x, y, 2.0)]}


def _read_ellipse(shape: Element, *_: object) -> dict[str, Any]:
    x, y, radius_x, radius_y = _numbers(shape, "cx", "cy", "rx", "ry")
    turn = float(shape.get("rotation", 0))
    return {"polygons": [ellipse(x, y, radius_x, radius_y, turn)]}


def _read_mask(shape: Element, size: _Sizes, _: object) -> dict[str, Any]:
    """CVAT's run lengths go row by row through the mask's own box."""
    left, top, width, height = map(int, _numbers(shape, "left", "top", "width", "height"))
    runs = np.array([int(value) for value in shape.attrib["rle"].split(",")])
    all_width, all_height = int(size[WIDTH] or 0), int(size[HEIGHT] or 0)
    if not all_width or not all_height or runs.min() < 0 or runs.sum() != width * height:
        raise ValueError("run lengths of another size")
    whole = np.zeros((all_height, all_width), np.bool_)
    part = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(height, width)
    whole[top : top + height, left : left + width] = part
    text = run_lengths.text_of(run_lengths.counts_of_pixels(whole))
    return {"mask": text, "mask_height": whole.shape[0], "mask_width": whole.shape[1]}


def _read_skeleton(
    shape: Element, _: object, categories: Mapping[str, Category]
) -> dict[str, Any] | None:
    category = categories.get(shape.get("label", ""))
    if category is None or not category.keypoints:
        return None
    found = {point.get("label"): point for point in shape.iterfind("points")}
    keypoints: list[float] = []
    for name in category.keypoints:
        point = found.get(name)
        if point is None or point.get("outside") == "1":
            keypoints += [0.0, 0.0, 0.0]
        else:
            x, y = _points(point)[:2]
            keypoints += [x, y, 1.0 if point.get("occluded") == "1" else 2.0]
    return {"keypoints": keypoints}


def _nothing(*_: object) -> None:
    return None


_READERS: dict[str, _Reader] = {
    "box": _read_box,
    "polygon": _read_polygon,
    "points": _read_points,
    "ellipse": _read_ellipse,
    "mask": _read_mask,
    "skeleton": _read_skeleton,
    "tag": lambda *_: {},
    "polyline": _nothing,
    "cuboid": _nothing,
}


def _write(dataset: DataSet, folder: Path) -> None:
    names = place_images(dataset, folder / "images")
    annotations = rows_by_example(dataset.annotations)
    by_name = {one.name: one for one in dataset.categories}
    document = Element("annotations")
    SubElement(document, "version").text = "1.1"
    labels = SubElement(SubElement(SubElement(document, "meta"), "task"), "labels")
    for category in dataset.categories:
        _add_label(labels, category)
    rows = zip(dataset.examples.iter_rows(named=True), names, strict=True)
    for number, (row, name) in enumerate(rows):
        image = SubElement(document, "image", id=str(number), name=name or row.get(FILE_NAME) or "")
        image.set(_OWN_ID, row[ID])
        if row.get(SPLIT):
            image.set("subset", row[SPLIT])
        for key in (WIDTH, HEIGHT):
            image.set(key, str(row.get(key) or 0))
        for one in annotations.get(row[ID], []):
            _add_shapes(image, one, by_name)
    indent(document)
    path = folder / "annotations.xml"
    ElementTree(document).write(path, encoding="utf-8", xml_declaration=True)


def _add_label(labels: Element, one: Category) -> None:
    label = SubElement(labels, "label")
    SubElement(label, "name").text = one.name
    if one.colour:
        SubElement(label, "color").text = "#" + bytes(one.colour).hex()
    SubElement(label, "type").text = "skeleton" if one.keypoints else "any"
    for point in one.keypoints:
        child = SubElement(labels, "label")
        SubElement(child, "name").text = point
        SubElement(child, "type").text = "points"
        SubElement(child, "parent").text = one.name


def _add_shapes(image: Element, one: dict[str, Any], categories: Mapping[str, Category]) -> None:
    if one["kind"] not in (Kind.OBJECT, Kind.LABEL):
        return
    category = categories.get(one["category"] or "")
    if one["kind"] == Kind.LABEL:
        _finish(SubElement(image, "tag"), one)
    elif one["keypoints"] is not None and category is not None and category.keypoints:
        _add_skeleton(image, one, category.keypoints)
    elif one["polygons"]:
        for polygon in one["polygons"]:
            _finish(SubElement(image, "polygon", points=_joined(polygon)), one)
    elif one["mask"] is not None:
        _add_mask(image, one)
    else:
        _add_box(image, one)


def _finish(shape: Element, one: dict[str, Any]) -> None:
    shape.set("label", one["category"] or "")
    shape.set("source", _SOURCES.get(one["origin"], "file"))
    attributes = from_json(one["attributes"])
    shape.set("occluded", str(int(bool(attributes.pop("occluded", False)))))
    shape.set("z_order", str(attributes.pop("z_order", 0)))
    group = attributes.pop("group", None)
    if group is not None:
        shape.set("group_id", str(group))
    for name, value in attributes.items():
        element = SubElement(shape, "attribute", name=name)
        element.text = value if isinstance(value, str) else str(value)


def _joined(flat: Sequence[float]) -> str:
    return ";".join(f"{tidy(x)},{tidy(y)}" for x, y in zip(flat[0::2], flat[1::2], strict=True))


def _add_box(image: Element, one: dict[str, Any]) -> None:
    shape = SubElement(image, "box")
    for name, key in (("xtl", "x0"), ("ytl", "y0"), ("xbr", "x1"), ("ybr", "y1")):
        shape.set(name, str(tidy(one[key])))
    if one["rotation"]:
        shape.set("rotation", str(tidy(one["rotation"])))
    _finish(shape, one)


def _add_mask(image: Element, one: dict[str, Any]) -> None:
    counts = run_lengths.counts_of(one["mask"])
    mask = run_lengths.pixels_of(counts, one["mask_height"], one["mask_width"])
    left, top, right, bottom = map(int, run_lengths.box_of(counts, one["mask_height"]) or (0,) * 4)
    runs = run_lengths.counts_of_pixels(mask[top:bottom, left:right].T)
    shape = SubElement(image, "mask", rle=", ".join(map(str, runs.tolist())))
    sizes = {"left": left, "top": top, "width": right - left, "height": bottom - top}
    for name, value in sizes.items():
        shape.set(name, str(value))
    _finish(shape, one)


def _add_skeleton(image: Element, one: dict[str, Any], names: Sequence[str]) -> None:
    shape = SubElement(image, "skeleton")
    points = one["keypoints"]
    for name, x, y, visible in zip(names, points[0::3], points[1::3], points[2::3], strict=False):
        point = SubElement(shape, "points", label=name, points=_joined([x, y]))
        point.set("outside", str(int(visible == 0)))
        point.set("occluded", str(int(visible == 1)))
    _finish(shape, one)


FORMAT = Format(
    id="cvat",
    title="CVAT for images",
    layout="an XML file, or a folder with one and `images`",
    holds=frozenset(
        {
            Trait.IDS,
            Trait.SPLITS,
            Trait.LABELS,
            Trait.SEVERAL_LABELS,
            Trait.BOXES,
            Trait.ROTATION,
            Trait.POLYGONS,
            Trait.MASKS,
            Trait.KEYPOINTS,
            Trait.ATTRIBUTES,
            Trait.ORIGINS,
            Trait.LOOSE_EXAMPLES,
        }
    ),
    recognise=_recognise,
    read=_read,
    write=_write,
)
