"""Panoptic segments: a JSON file, and the PNG masks it names in the folder of the same name."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
import polars as pl

from heldout.datasets.tasks import Task
from heldout.decoding import decode
from heldout.errors import BadInput, Problem, Problems, did_you_mean
from heldout.evaluation.data import AnyArray, Places
from heldout.evaluation.reading.expected import Expected, Missing
from heldout.evaluation.vision.json_entries import plain_message, read_bytes
from heldout.evaluation.vision.objects import say_categories
from heldout.evaluation.vision.panoptic import (
    VOID,
    PanopticLayout,
    PanopticPredictions,
    PanopticReferences,
    SegmentMap,
)
from heldout.evaluation.vision.panoptic_format import Annotation, Category, GroundTruth, Results
from heldout.evaluation.vision.pictures import (
    LARGEST,
    UNREADABLE,
    Pictures,
    open_pictures,
    read_colours,
)

File = TypeVar("File", GroundTruth, Results)

SCALARS = (str, int, float, bool)


def read_references(path: Path, *, task: Task, classes: Sequence[str] | None) -> PanopticReferences:
    """Read the JSON file and check every mask it names; examples are images."""
    data, file = _decode(path, GroundTruth)
    problems = Problems()
    annotations = sorted(file.annotations, key=lambda one: (str(type(one.image_id)), one.image_id))
    categories = sorted(file.categories, key=lambda one: one.id)
    _check_once([str(one.image_id) for one in annotations], "annotations", problems)
    _check_once([str(one.id) for one in categories], "categories", problems)
    _check_declared(categories, classes, problems)
    problems.refuse_if_any()
    pictures = _find_pictures(path, data, annotations)
    known = np.array([one.id for one in categories], np.int64)
    masks = [_check_mask(one, pictures, known, None, problems) for one in annotations]
    problems.refuse_if_any()
    ids = pl.Series("example_id", [str(one.image_id) for one in annotations], dtype=pl.String)
    sizes = np.array([mask for mask in masks if mask is not None], np.int64).reshape(-1, 2)
    return PanopticReferences(
        ids,
        _columns(file.images, ids),
        pictures=pictures,
        maps=[SegmentMap(one.file_name, one.segments_info) for one in annotations],
        layout=PanopticLayout(
            ids, sizes, known, tuple(one.name or str(one.id) for one in categories)
        ),
        things=np.array([bool(one.isthing) for one in categories], np.bool_),
    )


def read_predictions(path: Path, *, task: Task, expected: Expected) -> PanopticPredictions:
    """Read the JSON file and check every mask it names against its image and its segments."""
    layout = expected.public
    assert isinstance(layout, PanopticLayout), "expected.public is the references' public"
    data, file = _decode(path, Results)
    problems = Problems()
    found = {str(one.image_id): one for one in file.annotations}
    _check_once([str(one.image_id) for one in file.annotations], "annotations", problems)
    for unknown in sorted(found.keys() - set(layout.example_ids)):
        problems.add(f"image {unknown}", "is not one of the images", "leave it out")
    ordered = [found.get(example) for example in layout.example_ids]
    missing = np.array([one is None for one in ordered], np.bool_)
    if missing.any() and expected.missing is Missing.REFUSE:
        named = ", ".join(layout.example_ids.filter(pl.Series(missing))[:10])
        message = f"no annotation for {missing.sum():,} of the images: {named}"
        problems.add(path.name, message, "predict every image")
    if not file.annotations:
        problems.refuse_if_any()
    pictures = _find_pictures(path, data, file.annotations)
    for one, size in zip(ordered, layout.sizes, strict=True):
        if one is not None:
            _check_mask(one, pictures, layout.category_ids, size, problems)
    problems.refuse_if_any()
    return PanopticPredictions(
        layout.example_ids,
        missing,
        Places(np.arange(len(ordered)), lambda row: f"image {layout.example_ids[row]}"),
        pictures=pictures,
        maps=[
            None if one is None else SegmentMap(one.file_name, one.segments_info) for one in ordered
        ],
    )


def _decode(path: Path, kind: type[File]) -> tuple[Path, File]:
    """Decode the JSON file, or the one in an archive; return also where masks are looked for."""
    data = _archived_json(path) if zipfile.is_zipfile(path) else read_bytes(path)
    try:
        return path, decode(data, kind)
    except msgspec.ValidationError as error:
        problem = Problem(path.name, plain_message(error), "give panoptic JSON")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        problem = Problem(path.name, f"not readable as JSON: {error}", "was it cut short?")
    raise BadInput([problem])


def _archived_json(path: Path) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.lower().endswith(".json")]
            if len(names) == 1 and archive.getinfo(names[0]).file_size <= LARGEST:
                return archive.read(names[0])
    except UNREADABLE:
        message = "not a readable ZIP archive; it may be cut short"
        raise BadInput([Problem(path.name, message, "write it again")]) from None
    message = f"{len(names)} JSON files in the archive"
    raise BadInput([Problem(path.name, message, "put one JSON file beside the masks")])


def _find_pictures(path: Path, data: Path, annotations: Sequence[Annotation]) -> Pictures:
    """Open the archive itself, or the folder named like the file, or else the one that fits."""
    if zipfile.is_zipfile(path):
        return open_pictures(path)
    named = path.with_suffix("")
    if named.is_dir():
        return open_pictures(named)
    first = annotations[0]
    fitting = [
        folder
        for folder in (path.parent, *sorted(path.parent.iterdir()))
        if folder.is_dir() and (folder / first.file_name).is_file() and _fits(folder, first)
    ]
    if len(fitting) == 1:
        return open_pictures(fitting[0])
    remedy = f'put them in the folder "{named.name}" beside it'
    raise BadInput([Problem(path.name, "its masks were not found", remedy)])


def _fits(folder: Path, annotation: Annotation) -> bool:
    ids = read_colours(open_pictures(folder), annotation.file_name, Problems())
    listed = {one.id for one in annotation.segments_info}
    return ids is not None and set(np.unique(ids).tolist()) - {VOID} == listed


def _check_mask(
    annotation: Annotation,
    pictures: Pictures,
    categories: AnyArray,
    size: AnyArray | None,
    problems: Problems,
) -> tuple[int, int] | None:
    """Check one mask against its segments and its image; return its height and width."""
    place = f"image {annotation.image_id}"
    if annotation.file_name not in pictures.names:
        message = f'there is no mask "{annotation.file_name}"'
        problems.add(place, message, "put it beside the others, or correct file_name")
        return None
    ids = read_colours(pictures, annotation.file_name, problems)
    if ids is None:
        return None
    if size is not None and ids.shape != tuple(size):
        message = f"a mask of height {ids.shape[0]} and width {ids.shape[1]}"
        problems.add(place, f"{message} in an image of {size[0]} and {size[1]}", "resize it")
    _check_segments(annotation, set(np.unique(ids).tolist()), set(categories.tolist()), problems)
    return int(ids.shape[0]), int(ids.shape[1])


def _check_segments(
    annotation: Annotation, drawn: set[int], categories: set[int], problems: Problems
) -> None:
    place = f"image {annotation.image_id}"
    listed = [one.id for one in annotation.segments_info]
    _check_once(list(map(str, listed)), f"{place}, segments_info", problems)
    for segment in sorted(drawn - set(listed) - {VOID}):
        message = f"segment {segment} is in the mask and not in segments_info"
        problems.add(place, message, "list it, or paint it as void (0, 0, 0)")
    for segment in sorted(set(listed) - drawn):
        message = f"segment {segment} is in segments_info and not in the mask"
        problems.add(place, message, "paint it, or leave it out of the list")
    for one in annotation.segments_info:
        if one.category_id not in categories:
            message = f"segment {one.id} has category_id {one.category_id}"
            message = f"{message}, which is not the id of a category"
            problems.add(place, message, say_categories(sorted(categories)))


def _check_once(values: Sequence[str], place: str, problems: Problems) -> None:
    for value, count in Counter(values).items():
        if count > 1:
            problems.add(place, f"the id {value} is there {count} times", "give each its own")


def _check_declared(
    categories: Sequence[Category], classes: Sequence[str] | None, problems: Problems
) -> None:
    for one in categories:
        if classes and one.name not in classes:
            message = f'"{one.name}" is not one of the declared classes'
            problems.add("categories", message, did_you_mean(one.name, classes))


def _columns(images: Sequence[dict[str, object]], ids: pl.Series) -> pl.DataFrame:
    """Return what else the images say, in the order of the examples."""
    rows = {str(row.get("id")): row for row in images}
    ordered = [rows.get(example, {}) for example in ids]
    names = dict.fromkeys(name for row in ordered for name in row if name != "id")
    columns = {name: [row.get(name) for row in ordered] for name in names}
    return pl.DataFrame(
        {
            name: pl.Series(values, strict=False)
            for name, values in columns.items()
            if all(value is None or isinstance(value, SCALARS) for value in values)
        }
    )
