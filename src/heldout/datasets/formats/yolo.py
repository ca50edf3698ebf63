"""YOLO: one text file of labels per image, coordinates as shares of the image's width and height.

A line is `class x y width height` (centre), `class x y x y x y …` (a polygon), or with `kpt_shape` in the
YAML file `class x y width height` and the keypoints.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from heldout.datasets.annotations.dataset import Category, DataSet
from heldout.datasets.annotations.schema import HEIGHT, SPLIT, WIDTH, Kind
from heldout.datasets.formats.exporting import (
    WHOLE,
    by_split,
    numbers,
    place_images,
    rows_by_example,
    stems,
)
from heldout.datasets.formats.finding import listing
from heldout.datasets.formats.format import Draft, Format, Source, Trait
from heldout.datasets.formats.images import shown_size
from heldout.datasets.formats.losses import FILE_NAME
from heldout.datasets.formats.rows import Rows
from heldout.datasets.formats.shapes import outlines
from heldout.datasets.images import IMAGE_SUFFIXES, MediaFault
from heldout.datasets.table import ID
from heldout.errors import Problems

_SPLIT_KEYS = ("train", "val", "test")
_YAML = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class _Reading:
    """What holds for every label file: the names of classes and the shape of keypoints."""

    names: Mapping[int, str]
    points: int
    size: int


def _find_yaml(path: Path) -> Path | None:
    if path.is_file():
        return path if path.suffix.lower() in _YAML else None
    found = [file for file in sorted(path.iterdir()) if file.suffix.lower() in _YAML]
    return next((file for file in found if _document(file, Problems())), None)


def _document(file: Path, problems: Problems) -> dict[str, Any] | None:
    """Return the YAML file; every value is text, so that a class may be called `no`."""
    try:
        found = yaml.load(file.read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        problems.add(file.name, f"is no YAML file: {str(error).splitlines()[0]}")
        return None
    return found if isinstance(found, dict) and "names" in found else None


def _recognise(pose: bool, path: Path) -> bool:
    file = _find_yaml(path)
    document = None if file is None else _document(file, Problems())
    return document is not None and pose == ("kpt_shape" in document)


def _read(source: Source, problems: Problems) -> Draft | None:
    file = _find_yaml(source.path)
    document = None if file is None else _document(file, problems)
    if file is None or document is None:
        problems.add(source.path.name, "has no YAML file with `names`", "add data.yaml")
        return None
    names = _names(document["names"], file.name, problems)
    shape = document.get("kpt_shape") or ["0", "3"]
    reading = _Reading(names, int(shape[0]), int(shape[1]))
    root = _root(file, document, source)
    rows = Rows()
    named = {key: document[key] for key in _SPLIT_KEYS if document.get(key)}
    # Some tools name no folder and mean the usual one.
    for split, places in (named or {"train": "images"}).items():
        for image, labels in _pairs(file, root, places, source):
            _read_pair(image, labels, root, split, reading, rows, problems)
    _make_ids_unique(rows)
    if not rows.examples:
        problems.add(file.name, "names no folder with images", "give it with --images")
        return None
    points = tuple(f"point {number}" for number in range(1, reading.points + 1))
    categories = [Category(name, number=number, keypoints=points) for number, name in names.items()]
    return rows.draft(root=root, categories=categories)


def _names(names: Any, file: str, problems: Problems) -> dict[int, str]:
    pairs = names.items() if isinstance(names, dict) else enumerate(names or [])
    found: dict[int, str] = {}
    for number, name in pairs:
        if not str(number).isdecimal() or not isinstance(name, str):
            problems.add(file, f"names: {number!r} is no number of a class")
            continue
        taken = name in found.values()
        if taken:
            problems.add(file, f'names: "{name}" is there several times; it gets its number')
        found[int(number)] = f"{name} {number}" if taken else name
    return found


def _root(file: Path, document: Mapping[str, Any], source: Source) -> Path:
    """Return the folder image paths start from."""
    if source.images is not None:
        return source.images
    base = file.parent / str(document.get("path") or ".")
    folders = [_folder(one) for key in _SPLIT_KEYS for one in _listed(document.get(key))]
    for place in (base, file.parent, file.parent.parent):
        if any((place / folder).exists() for folder in folders):
            return place
    return file.parent


def _listed(value: Any) -> list[str]:
    return [str(one) for one in (value if isinstance(value, list) else [value]) if one]


def _folder(name: str) -> str:
    """Return a path of the YAML file without the way up that some tools write."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return "/".join(parts)


def _pairs(file: Path, root: Path, value: Any, source: Source) -> Iterator[tuple[str, Path]]:
    """Yield each image's path below the root, and its file of labels."""
    for name in map(_folder, _listed(value)):
        short = name.removeprefix("images/") if source.images is not None else name
        folder = root / short
        if folder.suffix == ".txt" and folder.is_file():
            images = [_folder(line) for line in folder.read_text("utf-8").splitlines() if line]
        elif folder.is_dir():
            images = [f"{short}/{one}" for one in listing(folder)]
        else:
            continue
        base = file.parent if source.images is not None else root
        for image in images:
            if Path(image).suffix.lower() in IMAGE_SUFFIXES:
                known = f"{name}{image.removeprefix(short)}"
                yield image, _labels(base, known, file.parent)


def _labels(base: Path, image: str, other: Path) -> Path:
    """Return the label file of an image: `labels` instead of the last `images` in its path."""
    parts = Path(image).with_suffix(".txt").parts
    places = [place for place, part in enumerate(parts[:-1]) if part == "images"]
    if places:
        parts = (*parts[: places[-1]], "labels", *parts[places[-1] + 1 :])
    found = base.joinpath(*parts)
    return found if found.is_file() else other.joinpath(*parts)


def _read_pair(
    image: str,
    labels: Path,
    root: Path,
    split: str,
    reading: _Reading,
    rows: Rows,
    problems: Problems,
) -> None:
    size = shown_size(root / image)
    known = {} if isinstance(size, MediaFault) else dict(zip((WIDTH, HEIGHT), size, strict=True))
    name = Path(image).name
    example_id = Path(image).stem
    rows.example(image, f"{split}/{example_id}", image, **{SPLIT: split, FILE_NAME: name}, **known)
    if isinstance(size, MediaFault) or not labels.is_file():
        return  # A damaged image is reported with the other images; no file means no objects.
    lines = labels.read_text("utf-8", "replace").splitlines()
    for number, line in enumerate(lines, 1):
        if line.strip():
            place = f"{labels.parent.name}/{labels.name} line {number}"
            _read_line(line, place, f"{split}/{example_id}", size, reading, rows, problems)


def _read_line(
    line: str,
    place: str,
    example_id: str,
    size: tuple[int, int],
    reading: _Reading,
    rows: Rows,
    problems: Problems,
) -> None:
    try:
        number, *values = (float(word) for word in line.split())
    except ValueError:
        problems.add(place, "has a word that is no number; it is left out")
        return
    category = reading.names.get(int(number), f"number {number:.0f}")
    geometry = _geometry(values, size, reading)
    if geometry is None:
        problems.add(
            place, f"has {len(values)} coordinates; it is left out", "give 4, or 6 or more"
        )
        return
    rows.annotation(place, example_id, Kind.OBJECT, category=category, **geometry)


def _geometry(
    values: Sequence[float], size: tuple[int, int], reading: _Reading
) -> dict[str, Any] | None:
    width, height = size
    if len(values) in (4, 5):
        score = values[4] if len(values) == 5 else None
        return {"box": _box(values, width, height), "score": score}
    if reading.points and len(values) == 4 + reading.points * reading.size:
        points = _points(values[4:], size, reading.size)
        return {"box": _box(values, width, height), "keypoints": points if any(points) else None}
    if len(values) < 4 or len(values) % 2:
        return None
    scale = (width, height) * (len(values) // 2)
    return {"polygons": [[value * factor for value, factor in zip(values, scale, strict=True)]]}


def _box(values: Sequence[float], width: int, height: int) -> tuple[float, float, float, float]:
    x, y, w, h = values[:4]
    return (x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height


def _points(values: Sequence[float], size: tuple[int, int], each: int) -> list[float]:
    found: list[float] = []
    for start in range(0, len(values), each):
        x, y = values[start] * size[0], values[start + 1] * size[1]
        visible = values[start + 2] if each == 3 else 2.0 * (x != 0 or y != 0)
        found += [x, y, visible]
    return found


def _make_ids_unique(rows: Rows) -> None:
    """Leave the split out of the ids where file names alone are unique."""
    short = [row[ID].split("/", 1)[1] for row in rows.examples]
    if len(set(short)) < len(short):
        return
    for row in (*rows.examples, *rows.annotations):
        row[ID] = row[ID].split("/", 1)[1]


def _write(pose: bool, dataset: DataSet, folder: Path) -> None:
    _check_sizes(dataset)
    shared = place_images(dataset, folder / "images")
    found = dict(zip(dataset.examples[ID], stems(dataset, shared), strict=True))
    placed = dict(zip(dataset.examples[ID], shared, strict=True))
    annotations = rows_by_example(dataset.annotations)
    coded = _numbers(dataset)
    points = max((len(one.keypoints) for one in dataset.categories), default=0) if pose else 0
    folders = {}
    for split, part in by_split(dataset):
        name = "train" if split == WHOLE else split
        folders[name] = f"images/{name}"
        for row in part.examples.iter_rows(named=True):
            stem, image = found[row[ID]], placed[row[ID]]
            _move(folder / "images", image, folder / folders[name], stem)
            objects = annotations.get(row[ID], [])
            lines = [_line(one, row, coded, points) for one in objects if _is_drawn(one)]
            target = folder / "labels" / name / f"{stem}.txt"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    for image in {name for name in shared if name}:
        (folder / "images" / image).unlink()
    document: dict[str, object] = {"path": ".", **folders}
    document |= {"kpt_shape": [points, 3]} if points else {}
    document["names"] = {number: name for name, number in coded.items()}
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    (folder / "data.yaml").write_text(text, "utf-8")


def _numbers(dataset: DataSet) -> dict[str, int]:
    """Return a class's place in the order of the declared numbers: training tools take no gaps."""
    declared = numbers(dataset, first=0)
    return {name: place for place, name in enumerate(sorted(declared, key=declared.__getitem__))}


def _check_sizes(dataset: DataSet) -> None:
    """Refuse what cannot be written as shares of a width and a height."""
    sizes = [name for name in (WIDTH, HEIGHT) if name in dataset.examples.columns]
    held = pl.all_horizontal(pl.col(name).is_not_null() for name in sizes)
    unknown = dataset.examples.filter(~held)[ID] if len(sizes) == 2 else dataset.examples[ID]
    problems = Problems()
    for one in unknown:
        problems.add(one, "its width and height are not known", "add its image")
    problems.refuse_if_any()


def _move(shared: Path, image: str | None, folder: Path, stem: str) -> None:
    """Put an image beside its split's others under its own name."""
    folder.mkdir(parents=True, exist_ok=True)
    if image is not None:
        (folder / f"{stem}{Path(image).suffix}").hardlink_to(shared / image)


def _is_drawn(one: Mapping[str, Any]) -> bool:
    return one["kind"] == Kind.OBJECT and one["x0"] is not None and one["category"] is not None


def _line(
    one: Mapping[str, Any], row: Mapping[str, Any], coded: Mapping[str, int], points: int
) -> str:
    size = (row[WIDTH], row[HEIGHT])
    shaped = one["polygons"] or one["mask"] is not None
    if shaped and not points:
        polygon = outlines(dict(one))[0]
        values = [value / size[place % 2] for place, value in enumerate(polygon)]
    else:
        x0, y0, x1, y1 = (one[name] for name in ("x0", "y0", "x1", "y1"))
        values = [(x0 + x1) / 2 / size[0], (y0 + y1) / 2 / size[1]]
        values += [(x1 - x0) / size[0], (y1 - y0) / size[1]]
        values += _shares(one["keypoints"], size, points)
    return " ".join([str(coded[one["category"]]), *(f"{value:.10g}" for value in values)])


def _shares(points: Sequence[float] | None, size: tuple[int, int], count: int) -> list[float]:
    """Return the keypoints as shares; those of a class with fewer are filled up with none."""
    scale = (size[0], size[1], 1)
    shares = [value / scale[place % 3] for place, value in enumerate(points or [])]
    return (shares + [0.0] * 3 * count)[: 3 * count]


_LAYOUT = "`data.yaml`, `images/<split>` and `labels/<split>`"
_HELD = frozenset({Trait.SPLITS, Trait.BOXES})
FORMATS = (
    Format(
        id="yolo",
        title="YOLO",
        layout=_LAYOUT,
        holds=_HELD | {Trait.POLYGONS},
        recognise=partial(_recognise, False),
        read=_read,
        write=partial(_write, False),
    ),
    Format(
        id="yolo-pose",
        title="YOLO pose",
        layout=f"{_LAYOUT}, `kpt_shape` in the YAML file",
        holds=_HELD | {Trait.KEYPOINTS},
        recognise=partial(_recognise, True),
        read=_read,
        write=partial(_write, True),
    ),
)
