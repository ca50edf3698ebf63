"""Label Studio JSON: tasks with the regions of several annotators, coordinates in percent.

A rotated box turns about its upper left corner there, about its centre here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from heldout.datasets.annotations import run_lengths
from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.annotations.schema import HEIGHT, QUESTION, SPLIT, WIDTH, Kind, Origin
from heldout.datasets.formats import brush
from heldout.datasets.formats.exporting import place_images, rows_by_example, write_json
from heldout.datasets.formats.finding import files_ending, find_images
from heldout.datasets.formats.format import Draft, Format, Source, Trait
from heldout.datasets.formats.losses import FILE_NAME, metadata_columns
from heldout.datasets.formats.rows import Rows, as_json, from_json
from heldout.datasets.formats.shapes import corner_of, ellipse, from_corner
from heldout.datasets.table import ID, MEDIA
from heldout.decoding import decode
from heldout.errors import Problems

_IMAGE_KEYS = ("image", "img", "image_url", "url")
_MEDIA_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".tif", ".tiff", ".bmp")


class _Annotation(msgspec.Struct):
    result: list[dict[str, Any]] = []
    id: int | str | None = None
    completed_by: int | str | dict[str, Any] | None = None
    was_cancelled: bool = False
    model_version: str | None = None
    score: float | None = None


class _Task(msgspec.Struct):
    data: dict[str, Any]
    id: int | str | None = None
    annotations: list[_Annotation] = []
    predictions: list[_Annotation] = []


def _tasks(file: Path) -> list[_Task] | str:
    try:
        return decode(file.read_bytes(), list[_Task])
    except (msgspec.MsgspecError, UnicodeDecodeError, OSError) as error:
        return str(error)


def _recognise(path: Path) -> bool:
    files = files_ending(path, ".json")[:3]
    return any(isinstance(tasks, list) and bool(tasks) for tasks in map(_tasks, files))


def _read(source: Source, problems: Problems) -> Draft | None:
    rows = Rows()
    files = files_ending(source.path, ".json")
    for file in files:
        tasks = _tasks(file)
        if isinstance(tasks, str):
            problems.add(file.name, f"is no export of Label Studio: {tasks}")
            continue
        for place, task in enumerate(tasks, 1):
            _read_task(
                task, f"{file.name} task {task.id or place}", str(task.id or place), rows, problems
            )
    if not rows.examples:
        return None
    names = [row[FILE_NAME] or "" for row in rows.examples]
    root, paths = find_images(names, files[0], source)
    for row, path in zip(rows.examples, paths, strict=True):
        row[MEDIA] = path
    return rows.draft(root=root)


def _read_task(task: _Task, place: str, number: str, rows: Rows, problems: Problems) -> None:
    data = dict(task.data)
    example_id = str(data.pop(ID, number))
    key = _image_key(data)
    address = str(data.pop(key)) if key else ""
    columns = {name: value for name, value in data.items() if isinstance(value, str | int | float)}
    rows.example(place, example_id, None, **{**columns, FILE_NAME: _file_name(address)})
    for one in task.annotations:
        if not one.was_cancelled:
            common: dict[str, Any] = {
                "annotator": _annotator(one.completed_by),
                "origin": Origin.HUMAN,
            }
            _read_regions(one, place, example_id, common, rows, problems)
    for one in task.predictions:
        common = {"annotator": one.model_version, "origin": Origin.MACHINE, "score": one.score}
        _read_regions(one, place, example_id, common, rows, problems)


def _image_key(data: Mapping[str, Any]) -> str | None:
    named = [key for key in _IMAGE_KEYS if isinstance(data.get(key), str)]
    other = [key for key, value in data.items() if str(value).lower().endswith(_MEDIA_SUFFIXES)]
    return next(iter([*named, *other]), None)


def _file_name(address: str) -> str | None:
    """Return the path of an image in its folder, from the address Label Studio serves it at."""
    if not address:
        return None
    parts = urlsplit(address)
    local = parse_qs(parts.query).get("d")
    if local:
        return PurePosixPath(local[0]).name
    path = unquote(parts.path)
    return PurePosixPath(path).name if parts.scheme or path.startswith("/") else path


def _annotator(given: int | str | dict[str, Any] | None) -> str | None:
    """Return who annotated, by number: names and mail addresses are nobody's business here."""
    if isinstance(given, dict):
        given = given.get("id")
    return None if given is None else str(given)


def _read_regions(
    annotation: _Annotation,
    place: str,
    example_id: str,
    common: Mapping[str, Any],
    rows: Rows,
    problems: Problems,
) -> None:
    ignored: set[str] = set()
    for region in annotation.result:
        where = f"{place} region {region.get('id', '')}".rstrip()
        kind = str(region.get("type", ""))
        value = region.get("value")
        if not isinstance(value, dict):
            continue  # A relation between regions.
        _note_size(region, example_id, rows)
        try:
            found = _read_region(kind, region, value)
        except (KeyError, TypeError, ValueError):
            problems.add(where, "cannot be read; it is left out")
            continue
        if not found and kind not in ignored:
            ignored.add(kind)
            problems.add(where, f'a region of type "{kind}" cannot be held; it is left out')
        score = region.get("score", common.get("score"))
        for columns in found:
            rows.annotation(
                where, example_id, columns.pop("kind"), **{**common, "score": score, **columns}
            )


def _note_size(region: Mapping[str, Any], example_id: str, rows: Rows) -> None:
    example = rows.examples[-1]
    if region.get("original_width") and region.get("original_height"):
        example[WIDTH] = int(region["original_width"])
        example[HEIGHT] = int(region["original_height"])


def _read_region(kind: str, region: dict[str, Any], value: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the annotations of one region: one, or one per choice or text."""
    if kind == "choices":
        return [{"kind": Kind.LABEL, "category": str(one)} for one in value["choices"]]
    if kind == "textarea":
        texts = value["text"] if isinstance(value["text"], list) else [value["text"]]
        answer = "answer" in str(region.get("from_name", "")).lower()
        return [
            {"kind": Kind.ANSWER if answer else Kind.CAPTION, "text": str(one)} for one in texts
        ]
    shape = kind.removesuffix("labels")
    if shape not in _SHAPES:
        return []
    labels = value.get(kind) or value.get("labels") or [None]
    size = (float(region["original_width"]), float(region["original_height"]))
    attributes = region.get("meta") or {}
    return [
        {
            "kind": Kind.OBJECT,
            "category": labels[0],
            "attributes": as_json(attributes),
            **_SHAPES[shape](value, size),
        }
    ]


_Size = tuple[float, float]


def _rectangle(value: Mapping[str, Any], size: _Size) -> dict[str, Any]:
    x, width = (value[name] / 100 * size[0] for name in ("x", "width"))
    y, height = (value[name] / 100 * size[1] for name in ("y", "height"))
    turn = float(value.get("rotation") or 0)
    return {"box": from_corner(x, y, width, height, turn), "rotation": turn or None}


def _polygon(value: Mapping[str, Any], size: _Size) -> dict[str, Any]:
    points = [(x / 100 * size[0], y / 100 * size[1]) for x, y in value["points"]]
    return {"polygons": [[one for point in points for one in point]]}


def _keypoint(value: Mapping[str, Any], size: _Size) -> dict[str, Any]:
    return {"keypoints": [value["x"] / 100 * size[0], value["y"] / 100 * size[1], 2.0]}


def _ellipse(value: Mapping[str, Any], size: _Size) -> dict[str, Any]:
    x, radius_x = (value[name] / 100 * size[0] for name in ("x", "radiusX"))
    y, radius_y = (value[name] / 100 * size[1] for name in ("y", "radiusY"))
    return {"polygons": [ellipse(x, y, radius_x, radius_y, float(value.get("rotation") or 0))]}


def _brush(value: Mapping[str, Any], size: _Size) -> dict[str, Any]:
    width, height = int(size[0]), int(size[1])
    mask = brush.decode(bytes(value["rle"]), height, width)
    text = run_lengths.text_of(run_lengths.counts_of_pixels(mask))
    return {"mask": text, "mask_height": height, "mask_width": width}


_SHAPES = {
    "rectangle": _rectangle,
    "polygon": _polygon,
    "keypoint": _keypoint,
    "ellipse": _ellipse,
    "brush": _brush,
}


def _write(dataset: DataSet, folder: Path) -> None:
    names = place_images(dataset, folder / "images")
    annotations = rows_by_example(dataset.annotations)
    columns = [*metadata_columns(dataset), QUESTION, SPLIT, "licence", "author", "source"]
    tasks = []
    rows = zip(dataset.examples.iter_rows(named=True), names, strict=True)
    for number, (row, name) in enumerate(rows, 1):
        extra = {key: row[key] for key in columns if isinstance(row.get(key), str | int | float)}
        data = {ID: row[ID], "image": f"images/{name}" if name else row.get(FILE_NAME), **extra}
        made = annotations.get(row[ID], [])
        by_machine = [one for one in made if one["origin"] == Origin.MACHINE]
        by_people = [one for one in made if one["origin"] != Origin.MACHINE]
        task = {
            "id": number,
            "data": {key: value for key, value in data.items() if value is not None},
            "annotations": [
                {"completed_by": who, "result": results}
                for who, results in _by_annotator(by_people, row).items()
            ],
            "predictions": [
                {"model_version": who, "result": results}
                for who, results in _by_annotator(by_machine, row).items()
            ],
        }
        tasks.append(task)
    write_json(tasks, folder / "tasks.json")


def _by_annotator(
    made: list[dict[str, Any]], row: Mapping[str, Any]
) -> dict[object, list[dict[str, object]]]:
    found: dict[object, list[dict[str, object]]] = {}
    for one in made:
        name = one["annotator"]
        who = int(name) if name is not None and name.isdecimal() else name
        found.setdefault(who, []).extend(_regions(one, row))
    return found


def _regions(one: dict[str, Any], row: Mapping[str, Any]) -> list[dict[str, object]]:
    common: dict[str, object] = {"id": one["annotation_id"], "to_name": "image"}
    if one["score"] is not None:
        common["score"] = one["score"]
    if one["kind"] == Kind.LABEL:
        value: dict[str, object] = {"choices": [one["category"]]}
        return [common | {"type": "choices", "from_name": "choice", "value": value}]
    if one["kind"] in (Kind.CAPTION, Kind.ANSWER):
        value = {"text": [one["text"]]}
        return [common | {"type": "textarea", "from_name": one["kind"], "value": value}]
    if one["kind"] != Kind.OBJECT or not row.get(WIDTH) or not row.get(HEIGHT):
        return []
    size = (float(row[WIDTH]), float(row[HEIGHT]))
    common |= {"original_width": row[WIDTH], "original_height": row[HEIGHT], "image_rotation": 0}
    attributes = from_json(one["attributes"])
    common |= {"meta": attributes} if attributes else {}
    return [
        common
        | {
            "type": f"{shape}labels",
            "from_name": "label",
            "value": value | ({f"{shape}labels": [one["category"]]} if one["category"] else {}),
        }
        for shape, value in _values(one, size)
    ]


def _values(one: dict[str, Any], size: _Size) -> list[tuple[str, dict[str, object]]]:
    if one["polygons"]:
        return [("polygon", {"points": _percent(polygon, size)}) for polygon in one["polygons"]]
    if one["mask"] is not None:
        counts = run_lengths.counts_of(one["mask"])
        mask = run_lengths.pixels_of(counts, one["mask_height"], one["mask_width"])
        return [("brush", {"format": "rle", "rle": list(brush.encode(mask))})]
    if one["keypoints"] is not None:
        points = one["keypoints"]
        triples = zip(points[0::3], points[1::3], points[2::3], strict=True)
        return [
            ("keypoint", {"x": x / size[0] * 100, "y": y / size[1] * 100, "width": 0.5})
            for x, y, visible in triples
            if visible > 0
        ]
    x, y = corner_of(one)
    value: dict[str, object] = {
        "x": x / size[0] * 100,
        "y": y / size[1] * 100,
        "width": (one["x1"] - one["x0"]) / size[0] * 100,
        "height": (one["y1"] - one["y0"]) / size[1] * 100,
        "rotation": one["rotation"] or 0,
    }
    return [("rectangle", value)]


def _percent(polygon: list[float], size: _Size) -> list[tuple[float, float]]:
    pairs = zip(polygon[0::2], polygon[1::2], strict=True)
    return [(x / size[0] * 100, y / size[1] * 100) for x, y in pairs]


FORMAT = Format(
    id="label-studio",
    title="Label Studio",
    layout="a JSON export, or a folder with one and `images`",
    holds=frozenset(
        {
            Trait.IDS,
            Trait.SPLITS,
            Trait.METADATA,
            Trait.LICENCES,
            Trait.LABELS,
            Trait.SEVERAL_LABELS,
            Trait.BOXES,
            Trait.ROTATION,
            Trait.POLYGONS,
            Trait.MASKS,
            Trait.CAPTIONS,
            Trait.ANSWERS,
            Trait.QUESTIONS,
            Trait.ATTRIBUTES,
            Trait.ANNOTATORS,
            Trait.SCORES,
            Trait.LOOSE_EXAMPLES,
            Trait.CATEGORYLESS,
        }
    ),
    recognise=_recognise,
    read=_read,
    write=_write,
)
