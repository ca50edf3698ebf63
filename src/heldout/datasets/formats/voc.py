"""Pascal VOC: one XML file per image.

Pixels are counted from 1 and the last one belongs to the box: `xmin = x0 + 1`, `xmax = x1`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.annotations.schema import HEIGHT, SOURCE, SPLIT, WIDTH, Kind
from heldout.datasets.formats.exporting import by_split, place_images, rows_by_example, stems, tidy
from heldout.datasets.formats.finding import files_ending, find_images, split_of
from heldout.datasets.formats.format import Draft, Format, Source, Trait
from heldout.datasets.formats.losses import FILE_NAME
from heldout.datasets.formats.markup import number_of, parse, root_tag, text_of
from heldout.datasets.formats.rows import Rows, from_json
from heldout.datasets.table import ID, MEDIA
from heldout.errors import Problems

_FLAGS = ("truncated", "difficult", "occluded")
_BOX = ("xmin", "ymin", "xmax", "ymax")


def _files(path: Path) -> list[Path]:
    return files_ending(path, ".xml", "Annotations")


def _recognise(path: Path) -> bool:
    files = _files(path)
    return bool(files) and root_tag(files[0]) == "annotation"


def _read(source: Source, problems: Problems) -> Draft | None:
    rows = Rows()
    splits = _splits(source.path)
    files = _files(source.path)
    for file in files:
        document = parse(file, problems)
        if document is not None:
            _read_document(document, file, splits, rows, problems)
    if not rows.examples:
        return None
    found = _with_images(rows, files[0], source)
    return rows.draft(root=found)


def _splits(path: Path) -> dict[str, str]:
    """Return the split of each file by its stem, from the lists in `ImageSets/Main`."""
    folder = path / "ImageSets" / "Main"
    found: dict[str, str] = {}
    for file in sorted(folder.glob("*.txt")) if folder.is_dir() else []:
        split = split_of(file)
        if split and "_" not in file.stem and split != "trainval":
            for line in file.read_text("utf-8", "replace").splitlines():
                if line.strip():
                    found[line.split()[0]] = split
    return found


def _read_document(
    document: Element, file: Path, splits: Mapping[str, str], rows: Rows, problems: Problems
) -> None:
    name = text_of(document, "filename") or f"{file.stem}.jpg"
    size = {
        key: number_of(text_of(document, f"size/{key}", "0")) or None for key in (WIDTH, HEIGHT)
    }
    rows.example(
        file.name,
        file.stem,
        name,
        **{FILE_NAME: name},
        **{key: None if value is None else int(value) for key, value in size.items()},
        **({SPLIT: splits.get(file.stem)} if splits else {}),
        **(
            {SOURCE: text_of(document, "source/url")}
            if document.find("source/url") is not None
            else {}
        ),
    )
    for number, found in enumerate(document.iter("object"), 1):
        _read_object(found, f"{file.name} object {number}", file.stem, rows, problems)


def _read_object(
    found: Element, place: str, example_id: str, rows: Rows, problems: Problems
) -> None:
    corners = [number_of(text_of(found, f"bndbox/{name}")) for name in _BOX]
    if None in corners:
        problems.add(place, "has no box of four numbers; it is left out")
        return
    x0, y0, x1, y1 = (value for value in corners if value is not None)
    flags = {name: text_of(found, name) == "1" or None for name in _FLAGS}
    pose = text_of(found, "pose")
    if found.find("part") is not None:
        problems.add(place, "has parts, which are left out")
    rows.annotation(
        place,
        example_id,
        Kind.OBJECT,
        category=text_of(found, "name") or None,
        box=(x0 - 1, y0 - 1, x1, y1),
        attributes={**flags, "pose": pose if pose not in ("", "Unspecified") else None},
    )


def _with_images(rows: Rows, file: Path, source: Source) -> Path:
    """Point the examples to their images, in `JPEGImages` beside `Annotations` or elsewhere."""
    names = [row[FILE_NAME] for row in rows.examples]
    base = file.parent.parent
    beside = base / "JPEGImages"
    if source.images is None and beside.is_dir():
        for row in rows.examples:
            row[MEDIA] = f"JPEGImages/{row[FILE_NAME]}"
        return base
    root, paths = find_images(names, file, source)
    for row, path in zip(rows.examples, paths, strict=True):
        row[MEDIA] = path
    return root


def _write(dataset: DataSet, folder: Path) -> None:
    names = place_images(dataset, folder / "JPEGImages")
    found = stems(dataset, names)
    annotations = rows_by_example(dataset.annotations)
    (folder / "Annotations").mkdir()
    rows = zip(dataset.examples.iter_rows(named=True), names, found, strict=True)
    for row, name, stem in rows:
        objects = [one for one in annotations.get(row[ID], []) if one["kind"] == Kind.OBJECT]
        document = _document(row, name or row.get(FILE_NAME) or f"{stem}.jpg", objects)
        indent(document)
        ElementTree(document).write(
            folder / "Annotations" / f"{stem}.xml", encoding="utf-8", xml_declaration=True
        )
    stem_of = dict(zip(dataset.examples[ID], found, strict=True))
    lists = folder / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    for split, part in by_split(dataset):
        lines = "".join(f"{stem_of[one]}\n" for one in part.examples[ID])
        (lists / f"{split}.txt").write_text(lines, "utf-8")


def _document(row: Mapping[str, Any], name: str, objects: list[dict[str, Any]]) -> Element:
    document = Element("annotation")
    _add(document, "folder", "JPEGImages")
    _add(document, "filename", name)
    size = SubElement(document, "size")
    for key in (WIDTH, HEIGHT):
        _add(size, key, row.get(key) or 0)
    _add(size, "depth", 3)
    _add(document, "segmented", 0)
    for one in objects:
        if one["x0"] is not None:
            _add_object(document, one)
    return document


def _add_object(document: Element, one: Mapping[str, Any]) -> None:
    attributes = from_json(one["attributes"])
    element = SubElement(document, "object")
    _add(element, "name", one["category"] or "")
    _add(element, "pose", attributes.get("pose") or "Unspecified")
    for flag in _FLAGS:
        _add(element, flag, int(bool(attributes.get(flag))))
    box = SubElement(element, "bndbox")
    corners = (one["x0"] + 1, one["y0"] + 1, one["x1"], one["y1"])
    for key, value in zip(_BOX, corners, strict=True):
        _add(box, key, tidy(value))


def _add(parent: Element, name: str, value: object) -> None:
    SubElement(parent, name).text = str(value)


FORMAT = Format(
    id="voc",
    title="Pascal VOC",
    layout="a folder with `Annotations/*.xml` and `JPEGImages`",
    holds=frozenset({Trait.SPLITS, Trait.BOXES, Trait.LOOSE_EXAMPLES}),
    recognise=_recognise,
    read=_read,
    write=_write,
)
