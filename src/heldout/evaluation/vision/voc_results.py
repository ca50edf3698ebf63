"""Pascal VOC results: a folder of text files, one for each class, a detection a line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from heldout.datasets.formats.finding import files_ending
from heldout.errors import BadInput, Problem, Problems
from heldout.evaluation.data import Places
from heldout.evaluation.vision.objects import Detections, Layout, ObjectPredictions, box_areas

LINE = "image score xmin ymin xmax ymax"

Row = tuple[int, int, float, float, float, float, float]


def read_voc_results(path: Path, *, layout: Layout) -> ObjectPredictions:
    """Read every `comp4_det_test_<class>.txt`; lines are `image score xmin ymin xmax ymax`.

    Pixels count from 1 and the last one belongs to the box, as in the references. An image without
    a detection is no fault.

    Raises:
        BadInput: With every problem.
    """
    files = files_ending(path, ".txt")
    if not files:
        raise BadInput([Problem(path.name, "there is no text file", _naming())])
    problems, rows = Problems(), list[Row]()
    images = {name: row for row, name in enumerate(layout.example_ids)}
    for file in files:
        category = _category(file.stem, layout)
        if category is None:
            remedy = f"{_naming()}; declare classes that have no object"
            problems.add(file.name, "its name does not end with a known class", remedy)
        else:
            rows += _read_file(file, category, images, problems)
    problems.refuse_if_any()
    found = np.array(rows, np.float64).reshape(-1, 7)
    boxes = found[:, 3:] - np.array([1, 1, 0, 0])
    boxes[:, 2:] -= found[:, 3:5]
    return ObjectPredictions(
        layout.example_ids,
        np.zeros(len(images), np.bool_),
        Places(np.zeros(len(images), np.int64), lambda _: path.name),
        detections=Detections(
            image=found[:, 0].astype(np.int32),
            category=found[:, 1].astype(np.int32),
            area=box_areas(boxes + np.array([0, 0, 1, 1])),
            boxes=boxes,
            score=np.ascontiguousarray(found[:, 2]),
        ),
    )


def _naming() -> str:
    return "name the files comp4_det_test_<class>.txt"


def _category(stem: str, layout: Layout) -> int | None:
    """Return the place of the longest class that a file's name ends with."""
    fitting = [
        (len(name), place)
        for place, name in enumerate(layout.names)
        if stem == name or stem.endswith(f"_{name}")
    ]
    return max(fitting)[1] if fitting else None


def _read_file(
    file: Path, category: int, images: Mapping[str, int], problems: Problems
) -> list[Row]:
    rows = []
    with file.open(encoding="utf-8", errors="replace") as stream:
        for number, line in enumerate(stream, start=1):
            fields = line.split()
            if not fields:
                continue
            row = _read_line(fields, category, images)
            if isinstance(row, str):
                problems.add(f"{file.name} line {number}", row, f"write {LINE}")
            else:
                rows.append(row)
    return rows


def _read_line(fields: list[str], category: int, images: Mapping[str, int]) -> Row | str:
    """Return a row, or what is wrong."""
    if len(fields) != 6:
        return f"{len(fields)} values where there should be six"
    if fields[0] not in images:
        return "the first value is not the name of an image"
    try:
        score, x0, y0, x1, y1 = map(float, fields[1:])
    except ValueError:
        return "score and box are not all numbers"
    if not np.isfinite((score, x0, y0, x1, y1)).all():
        return "score and box are not all finite"
    if x1 < x0 or y1 < y0:
        return "the box ends before it begins"
    return images[fields[0]], category, score, x0, y0, x1, y1
