"""COCO ground truth: one JSON file of images, categories and annotations; LVIS's is a dialect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
import polars as pl

from heldout.datasets.tasks import Family
from heldout.decoding import decode
from heldout.errors import BadInput, Problem, Problems, did_you_mean
from heldout.evaluation.data import AnyArray, Flags, Floats
from heldout.evaluation.vision.coco_format import (
    Annotation,
    Category,
    GroundTruth,
    Image,
    ImageKeys,
    Unchecked,
)
from heldout.evaluation.vision.coco_masks import LARGEST, read_masks
from heldout.evaluation.vision.json_entries import plain_message, read_bytes, remedy_for
from heldout.evaluation.vision.masks import Masks
from heldout.evaluation.vision.objects import (
    Layout,
    ObjectReferences,
    Objects,
    box_areas,
    ids_as_text,
    is_box,
    say_box,
    say_categories,
)
from heldout.evaluation.vision.similarity import PERSON

T = TypeVar("T", Image, Category, Annotation)

LIST_KEYS = ("images", "categories", "annotations")
SCALARS = (str, int, float, bool)


def read_ground_truth(
    path: Path, *, family: Family, classes: Sequence[str] | None
) -> ObjectReferences:
    """Read a ground-truth file.

    Keys of the images other than the id become columns, for subgroups and clusters.

    Args:
        path: The JSON file.
        family: Boxes, masks or keypoints: what every annotation must have.
        classes: The declared classes; the names of the categories must be among them.

    Raises:
        BadInput: With every problem.
    """
    data = read_bytes(path)
    truth = _decode_file(data, path.name)
    problems = Problems()
    images = sorted(truth.images, key=lambda one: one.id)
    categories = sorted(truth.categories, key=lambda one: one.id)
    annotations = truth.annotations
    _check_ids(images, categories, annotations, problems)
    _check_names(categories, classes, problems)
    problems.refuse_if_any()
    image_ids = np.array([one.id for one in images], np.int64)
    sizes = np.array([(one.height, one.width) for one in images], np.int64).reshape(-1, 2)
    category_ids = np.array([one.id for one in categories], np.int64)
    kinds = max((len(one.keypoints or ()) for one in categories), default=0) or len(PERSON)
    objects = _read_objects(annotations, image_ids, category_ids, sizes, kinds, family, problems)
    problems.refuse_if_any()
    layout = Layout(
        ids_as_text(image_ids),
        image_ids,
        sizes,
        category_ids,
        tuple(one.name or str(one.id) for one in categories),
        0 if objects.keypoints is None else objects.keypoints.shape[1],
    )
    federated = any(one.frequency for one in categories)
    return ObjectReferences(
        layout.example_ids,
        _columns(decode(data, ImageKeys).images),
        objects=objects,
        layout=layout,
        frequency="".join(one.frequency or "?" for one in categories) if federated else "",
        absent=_flags([one.neg_category_ids for one in images], category_ids),
        unfinished=_flags([one.not_exhaustive_category_ids for one in images], category_ids),
    )


def _decode_file(data: bytes, name: str) -> GroundTruth:
    """Decode all at once; entry by entry only where something does not fit."""
    try:
        return decode(data, GroundTruth)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raw = _decode_unchecked(data, name)
    problems = Problems()
    truth = GroundTruth(
        _decode_list(raw.images, Image, "images", problems),
        _decode_list(raw.categories, Category, "categories", problems),
        _decode_list(raw.annotations, Annotation, "annotations", problems),
    )
    problems.refuse_if_any()
    return truth


def _decode_unchecked(data: bytes, name: str) -> Unchecked:
    try:
        return decode(data, Unchecked)
    except msgspec.ValidationError as error:
        keys = ", ".join(f'"{key}"' for key in LIST_KEYS)
        problem = Problem(name, plain_message(error), f"ground truth has the lists {keys}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        problem = Problem(name, f"not readable as JSON: {error}", "was it cut short?")
    raise BadInput([problem])


def _decode_list(raw: list[msgspec.Raw], kind: type[T], name: str, problems: Problems) -> list[T]:
    rows = []
    for number, one in enumerate(raw, start=1):
        try:
            rows.append(decode(one, kind))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            message = _plain(error)
            problems.add(f"{name}, entry {number}", message, remedy_for(message))
    return rows


def _plain(error: Exception) -> str:
    return plain_message(error) if isinstance(error, msgspec.ValidationError) else str(error)


def _check_ids(
    images: list[Image],
    categories: list[Category],
    annotations: list[Annotation],
    problems: Problems,
) -> None:
    if not images:
        problems.add("images", "the list is empty", "list every image that is to be scored")
    lists: list[tuple[str, list[int]]] = [
        ("images", [one.id for one in images]),
        ("categories", [one.id for one in categories]),
        ("annotations", [one.id for one in annotations if one.id is not None]),
    ]
    for name, ids in lists:
        for value, count in Counter(ids).items():
            if count > 1:
                problems.add(name, f"the id {value} is there {count} times", "give each its own")
    known_images, known_categories = set(lists[0][1]), set(lists[1][1])
    for number, one in enumerate(annotations, start=1):
        place = f"annotations, entry {number}"
        if one.image_id not in known_images:
            message = f"image_id {one.image_id} is not the id of an image"
            problems.add(place, message, "add it to the list of images, or leave the entry out")
        if one.category_id not in known_categories:
            message = f"category_id {one.category_id} is not the id of a category"
            problems.add(place, message, say_categories([one.id for one in categories]))


def _check_names(
    categories: list[Category], classes: Sequence[str] | None, problems: Problems
) -> None:
    for one in categories:
        if classes and one.name not in classes:
            message = f'"{one.name}" is not one of the declared classes'
            problems.add("categories", message, did_you_mean(one.name, classes))


def _read_objects(
    annotations: list[Annotation],
    image_ids: AnyArray,
    category_ids: AnyArray,
    sizes: AnyArray,
    kinds: int,
    family: Family,
    problems: Problems,
) -> Objects:
    image = np.searchsorted(image_ids, [one.image_id for one in annotations]).astype(np.int32)
    category = np.searchsorted(category_ids, [one.category_id for one in annotations])
    masks = None
    if family is Family.MASKS:
        _check_sizes(image, image_ids, sizes, problems)
        problems.refuse_if_any()
        segmentations = [one.segmentation for one in annotations]
        masks = read_masks(
            segmentations, sizes[image], problems, lambda row: f"annotations, entry {row + 1}"
        )
    boxes = _boxes(annotations, masks, family, problems)
    keypoints = _keypoints(annotations, kinds, problems) if family is Family.POSES else None
    return Objects(
        image=image,
        category=category.astype(np.int32),
        area=_areas(annotations, boxes, masks, problems),
        boxes=boxes,
        masks=masks,
        keypoints=keypoints,
        crowd=np.array([bool(one.iscrowd) for one in annotations], np.bool_),
        difficult=np.array([bool(one.difficult or one.ignore) for one in annotations], np.bool_),
        visible=_visible(annotations, keypoints),
    )


def _check_sizes(image: AnyArray, image_ids: AnyArray, sizes: AnyArray, problems: Problems) -> None:
    for at in np.unique(image):
        height, width = map(int, sizes[at])
        if height == 0 or width == 0:
            problems.add(f"image {image_ids[at]}", "no height and width", "masks need both")
        elif height * width > LARGEST:
            problems.add(
                f"image {image_ids[at]}", f"{height} by {width} pixels are too many", "scale it"
            )


def _boxes(
    annotations: list[Annotation], masks: Masks | None, family: Family, problems: Problems
) -> Floats:
    boxes = np.array([one.bbox or (np.nan,) * 4 for one in annotations], np.float64).reshape(-1, 4)
    given = np.array([one.bbox is not None for one in annotations], np.bool_)
    if masks is not None:
        boxes = np.where(given[:, None], boxes, masks.boxes())
    elif not given.all():
        for row in np.flatnonzero(~given):
            problems.add(f"annotations, entry {row + 1}", "no bbox", "give x, y, width, height")
    for row in np.flatnonzero(given & ~is_box(boxes)):
        problems.add(f"annotations, entry {row + 1}", *say_box(boxes[row]))
    return boxes


def _areas(
    annotations: list[Annotation], boxes: Floats, masks: Masks | None, problems: Problems
) -> Floats:
    area = np.array([np.nan if one.area is None else one.area for one in annotations], np.float64)
    given = np.array([one.area is not None for one in annotations], np.bool_)
    for row in np.flatnonzero(given & ~(area >= 0)):
        problems.add(f"annotations, entry {row + 1}", f"the area is {area[row]:g}", "give pixels")
    own = box_areas(boxes) if masks is None else masks.measure()[1]
    return np.where(given, area, own)


def _keypoints(annotations: list[Annotation], kinds: int, problems: Problems) -> Floats:
    """Read what is annotated; where nothing is, the categories say how many keypoints there are."""
    if annotations and all(one.keypoints is None for one in annotations):
        remedy = "give the ground truth of keypoints, such as person_keypoints_val2017.json"
        problems.add("annotations", "none of them has keypoints", remedy)
        problems.refuse_if_any()
    lengths = {len(one.keypoints) for one in annotations if one.keypoints}
    length = max(lengths, default=3 * kinds)
    for row, one in enumerate(annotations):
        given = len(one.keypoints or ())
        if given not in (0, length) or given % 3:
            message = f"{given} numbers of keypoints where others have {length}"
            problems.add(f"annotations, entry {row + 1}", message, "give x, y, v of each keypoint")
    problems.refuse_if_any()
    rows = [one.keypoints or [0.0] * length for one in annotations]
    return np.array(rows, np.float64).reshape(len(rows), length // 3, 3)


def _visible(annotations: list[Annotation], keypoints: Floats | None) -> AnyArray:
    counted = np.zeros(len(annotations)) if keypoints is None else (keypoints[:, :, 2] > 0).sum(1)
    given = [one.num_keypoints for one in annotations]
    return np.array(
        [own if said is None else said for own, said in zip(counted, given, strict=True)], np.int64
    )


def _flags(listed: list[list[int]], category_ids: AnyArray) -> Flags | None:
    if not any(listed):
        return None
    flags = np.zeros((len(listed), len(category_ids)), np.bool_)
    for image, ids in enumerate(listed):
        flags[image] = np.isin(category_ids, ids)
    return flags


def _columns(rows: list[dict[str, object]]) -> pl.DataFrame:
    """Return what else the images say, in the order of their ids."""
    rows.sort(key=lambda row: int(str(row["id"])))
    names = dict.fromkeys(name for row in rows for name in row if name != "id")
    columns = {name: [row.get(name) for row in rows] for name in names}
    simple = {
        name: pl.Series(values, strict=False)
        for name, values in columns.items()
        if all(value is None or isinstance(value, SCALARS) for value in values)
    }
    return pl.DataFrame(simple)
