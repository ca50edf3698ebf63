"""Pascal VOC ground truth: a folder of XML files, one for each image, or a list of such files.

Pixels count from 1 and the last one belongs to the box. Here they count from 0, and a side is the
last pixel minus the first, which is what `voc-ap` takes the sides in COCO's files for, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element

import numpy as np
import polars as pl

from heldout.datasets.formats.finding import files_ending
from heldout.datasets.formats.markup import number_of, parse, text_of
from heldout.datasets.tasks import Family
from heldout.errors import BadInput, Problem, Problems, did_you_mean
from heldout.evaluation.data import AnyArray, Floats
from heldout.evaluation.vision.json_entries import read_bytes
from heldout.evaluation.vision.objects import Layout, ObjectReferences, Objects

CORNERS = ("xmin", "ymin", "xmax", "ymax")
MOST_DIGITS = 18  # What a number of 64 bits holds in any case.


class VocObject(NamedTuple):
    """One true object; its box is x, y, width, height."""

    place: str
    category: str
    box: tuple[float, float, float, float]
    difficult: bool


class VocImage(NamedTuple):
    """One file."""

    stem: str
    file_name: str
    height: int
    width: int
    objects: list[VocObject]


def is_voc(path: Path) -> bool:
    """Tell whether references lie in XML files: a folder, one of them, or a list of stems."""
    return path.is_dir() or path.suffix.lower() in (".xml", ".txt")


def read_voc(path: Path, *, family: Family, classes: Sequence[str] | None) -> ObjectReferences:
    """Read the objects of every image.

    Examples are named by the files' stems. Categories are numbered from 1, in the order of the
    declared classes or else of the names; images have the number their stem is (`2007_000032` is
    2007000032), or their places from 1 where stems are no numbers.

    Args:
        path: A folder of XML files, one that holds `Annotations`, or a list in `ImageSets/Main`.
        family: Only boxes are there.
        classes: The declared ones; the names of objects must be among them.

    Raises:
        BadInput: With every problem.
    """
    if family is not Family.BOXES:
        remedy = "give COCO ground truth"
        raise BadInput([Problem(path.name, "Pascal VOC's XML files have boxes only", remedy)])
    problems = Problems()
    found = [_read_image(file, problems) for file in _find_files(path)]
    images = [one for one in found if one is not None]
    objects = [one for image in images for one in image.objects]
    _check_names(objects, classes, problems)
    problems.refuse_if_any()
    ids = _numbers([image.stem for image in images])
    order = np.argsort(ids)
    images = [images[row] for row in order]
    names = tuple(classes or sorted({one.category for one in objects}))
    layout = Layout(
        pl.Series("example_id", [image.stem for image in images], dtype=pl.String),
        ids[order],
        np.array([(image.height, image.width) for image in images], np.int64),
        np.arange(1, len(names) + 1),
        names,
    )
    columns = pl.DataFrame(
        {name: [getattr(one, name) for one in images] for name in ("file_name", "height", "width")}
    )
    return ObjectReferences(
        layout.example_ids, columns, objects=_objects(images, names), layout=layout
    )


def _find_files(path: Path) -> list[Path]:
    listed = path.suffix.lower() == ".txt"
    files = _listed_files(path) if listed else files_ending(path, ".xml", "Annotations")
    if not files:
        message = "the list names no image" if listed else "there is no XML file"
        raise BadInput([Problem(path.name, message, "give a folder with Annotations/*.xml")])
    return files


def _listed_files(path: Path) -> list[Path]:
    lines = read_bytes(path).decode("utf-8", "replace").splitlines()
    stems = dict.fromkeys(line.split()[0] for line in lines if line.strip())
    folder = (
        path.absolute().parents[2] / "Annotations" if len(path.absolute().parents) > 2 else None
    )
    if folder is None or not folder.is_dir():
        remedy = "leave the list where it belongs: ImageSets/Main beside Annotations"
        raise BadInput([Problem(path.name, "there is no folder Annotations two above it", remedy)])
    return [folder / f"{stem}.xml" for stem in stems]


def _read_image(file: Path, problems: Problems) -> VocImage | None:
    document = parse(file, problems)
    if document is None:
        return None
    if document.tag != "annotation":
        message = f"holds <{document.tag}> where <annotation> should stand"
        problems.add(file.name, message, "give Pascal VOC's XML, a file per image")
        return None
    sizes = [number_of(text_of(document, f"size/{side}")) for side in ("height", "width")]
    height, width = (int(one) if one and 0 < one < 1 << 31 else 0 for one in sizes)
    found = [
        _read_object(one, f"{file.name} object {number}", problems)
        for number, one in enumerate(document.findall("object"), start=1)
    ]
    name = text_of(document, "filename") or f"{file.stem}.jpg"
    return VocImage(file.stem, name, height, width, [one for one in found if one is not None])


def _read_object(found: Element, place: str, problems: Problems) -> VocObject | None:
    before = len(problems)
    category, difficult = text_of(found, "name"), text_of(found, "difficult", "0")
    if not category:
        problems.add(place, "has no name", "name its class")
    if difficult not in ("0", "1"):
        problems.add(place, "difficult is neither 0 nor 1", "give 0 or 1")
    corners = [number_of(text_of(found, f"bndbox/{name}")) for name in CORNERS]
    x0, y0, x1, y1 = (np.nan if one is None else one for one in corners)
    if not np.isfinite((x0, y0, x1, y1)).all():
        problems.add(place, "has no box of four numbers", f"bndbox holds {', '.join(CORNERS)}")
    elif x1 < x0 or y1 < y0:
        message = f"the box ends before it begins: {x0:g}, {y0:g} to {x1:g}, {y1:g}"
        problems.add(place, message, "give the upper left corner first")
    if len(problems) > before:
        return None
    return VocObject(place, category, (x0 - 1, y0 - 1, x1 - x0, y1 - y0), difficult == "1")


def _check_names(
    objects: Sequence[VocObject], classes: Sequence[str] | None, problems: Problems
) -> None:
    for one in objects:
        if classes and one.category not in classes:
            message = f'"{one.category}" is not one of the declared classes'
            problems.add(one.place, message, did_you_mean(one.category, classes))


def _numbers(stems: Sequence[str]) -> AnyArray:
    """Return the numbers that stems are, or those of their places."""
    digits = [stem.replace("_", "") for stem in stems]
    if all(one.isascii() and one.isdigit() and len(one) <= MOST_DIGITS for one in digits):
        ids = np.array(digits, np.int64)
        if len(np.unique(ids)) == len(ids):
            return ids
    return np.argsort(np.argsort(stems)) + 1


def _objects(images: Sequence[VocImage], names: Sequence[str]) -> Objects:
    rows = [one for image in images for one in image.objects]
    known = {name: place for place, name in enumerate(names)}
    boxes: Floats = np.array([one.box for one in rows], np.float64).reshape(-1, 4)
    return Objects(
        image=np.repeat(np.arange(len(images)), [len(one.objects) for one in images]).astype(
            np.int32
        ),
        category=np.array([known[one.category] for one in rows], np.int32),
        area=(boxes[:, 2] + 1) * (boxes[:, 3] + 1),
        boxes=boxes,
        crowd=np.zeros(len(rows), np.bool_),
        difficult=np.array([one.difficult for one in rows], np.bool_),
        visible=np.zeros(len(rows), np.int64),
    )
