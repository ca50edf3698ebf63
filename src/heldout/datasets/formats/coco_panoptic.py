"""COCO panoptic: JSON with the segments of each image, and a PNG whose colours are segment ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
from PIL import Image

from heldout.datasets.annotations import run_lengths
from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.annotations.schema import HEIGHT, WIDTH, Kind
from heldout.datasets.formats import coco
from heldout.datasets.formats.coco_entries import CategoryEntry, LicenceEntry
from heldout.datasets.formats.exporting import (
    by_split,
    numbers,
    place_images,
    rows_by_example,
    stems,
    write_json,
)
from heldout.datasets.formats.finding import find_images, json_files, top_keys
from heldout.datasets.formats.format import Draft, Format, Source, Trait
from heldout.datasets.formats.joining import join_drafts
from heldout.datasets.formats.losses import FILE_NAME
from heldout.datasets.formats.rows import Rows
from heldout.datasets.images import open_image
from heldout.datasets.table import ID, MEDIA
from heldout.decoding import decode
from heldout.errors import Problems


class _Segment(msgspec.Struct):
    id: int
    category_id: int
    area: float | None = None
    bbox: tuple[float, float, float, float] | None = None
    iscrowd: int | bool = 0


class _Map(msgspec.Struct):
    image_id: int | str
    segments_info: list[_Segment]
    file_name: str = ""


class _Document(msgspec.Struct):
    images: list[dict[str, Any]]
    annotations: list[_Map]
    categories: list[CategoryEntry]
    licenses: list[LicenceEntry] = []
    info: dict[str, Any] = {}


def _recognise(path: Path) -> bool:
    return any(_is_panoptic(file) for file in json_files(path, "annotations"))


def _is_panoptic(file: Path) -> bool:
    return {"images", "annotations", "segments_info"} <= top_keys(file)


def _read(source: Source, problems: Problems) -> Draft | None:
    files = [file for file in json_files(source.path, "annotations") if _is_panoptic(file)]
    drafts = [_read_file(file, source, problems) for file in files]
    return join_drafts([one for one in drafts if one is not None])


def _read_file(file: Path, source: Source, problems: Problems) -> Draft | None:
    try:
        document = decode(file.read_bytes(), _Document)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        problems.add(file.name, f"is no panoptic file: {error}")
        return None
    licences = coco.read_licences(document.licenses)
    names = {one.id: one.name for one in document.categories}
    examples = coco.read_images(document.images, licences, file, problems)
    root, paths = find_images(examples[FILE_NAME].to_list(), file, source)
    rows, owner = Rows(), coco.owners(document.images)
    for one in document.annotations:
        one.image_id = owner.get(str(one.image_id), one.image_id)
        _read_map(one, file, names, rows, problems)
    if document.annotations and not _folder(file).is_dir():
        message = f"the folder {_folder(file).name} with its PNG files is not there"
        problems.add(file.name, message, "segments stay boxes; put the folder beside the file")
    draft = rows.draft(root=root)
    return Draft(
        examples=examples.with_columns(pl.Series(MEDIA, paths, dtype=pl.String)),
        annotations=draft.annotations,
        categories=tuple(coco.read_category(one) for one in document.categories),
        licences=tuple(licences.values()),
        info={key: str(value) for key, value in document.info.items() if value not in (None, "")},
        root=root,
    )


def _folder(file: Path) -> Path:
    return file.with_suffix("")


def _read_map(
    one: _Map, file: Path, names: Mapping[int, str], rows: Rows, problems: Problems
) -> None:
    place = f"{file.name} image {one.image_id}"
    ids = _read_ids(_folder(file) / one.file_name, place, problems)
    masks = {} if ids is None else _masks(ids, [segment.id for segment in one.segments_info])
    for segment in one.segments_info:
        where = f"{place}, segment {segment.id}"
        mask = masks.get(segment.id)
        if ids is not None and mask is None:
            problems.add(where, "is not in its PNG file; it is left out")
            continue
        box = segment.bbox
        rows.annotation(
            where,
            str(one.image_id),
            Kind.SEGMENT,
            annotation_id=f"{one.image_id}-{segment.id}",
            category=names.get(segment.category_id, f"number {segment.category_id}"),
            box=None if box is None else (box[0], box[1], box[0] + box[2], box[1] + box[3]),
            area=segment.area,
            crowd=bool(segment.iscrowd),
            **(mask or {}),
        )


def _read_ids(path: Path, place: str, problems: Problems) -> Any | None:
    if not path.is_file():
        if path.parent.is_dir():
            problems.add(place, f"its map {path.name} is not there")
        return None
    try:
        with open_image(path) as image:
            red, green, blue = np.moveaxis(np.asarray(image.convert("RGB"), np.int64), 2, 0)
    except (OSError, ValueError, Image.DecompressionBombError):
        problems.add(place, f"its map {path.name} is damaged or too large")
        return None
    return red + 256 * green + 65536 * blue


def _masks(ids: Any, wanted: Sequence[int]) -> dict[int, dict[str, Any]]:
    height, width = ids.shape
    present = set(np.unique(ids).tolist())
    return {
        one: {
            "mask": run_lengths.text_of(run_lengths.counts_of_pixels(ids == one)),
            "mask_height": height,
            "mask_width": width,
        }
        for one in wanted
        if one in present
    }


def _write(dataset: DataSet, folder: Path) -> None:
    shared = place_images(dataset, folder / "images")
    chosen = dict(zip(dataset.examples[ID], shared, strict=True))
    stem_of = dict(zip(dataset.examples[ID], stems(dataset, shared), strict=True))
    annotations = rows_by_example(dataset.annotations)
    ids, coded = coco.image_ids(dataset), numbers(dataset, first=1)
    for split, part in by_split(dataset):
        name = f"panoptic_{split}"
        maps = folder / "annotations" / name
        maps.mkdir(parents=True, exist_ok=True)
        entries = []
        for row in part.examples.iter_rows(named=True):
            segments = [one for one in annotations.get(row[ID], []) if _is_drawn(one)]
            if segments:
                file = f"{stem_of[row[ID]]}.png"
                found = _draw(segments, row, coded, maps / file)
                entry = {"image_id": ids[row[ID]], "file_name": file, "segments_info": found}
                entries.append(entry)
        document = coco.describe(dataset) | {
            "images": coco.image_entries(part, ids, chosen, dataset.licences),
            "annotations": entries,
        }
        write_json(document, folder / "annotations" / f"{name}.json")


def _is_drawn(one: Mapping[str, Any]) -> bool:
    return one["kind"] == Kind.SEGMENT and one["mask"] is not None


def _draw(
    segments: list[dict[str, Any]], row: Mapping[str, Any], coded: Mapping[str, int], path: Path
) -> list[dict[str, object]]:
    """Write the map of one image and return what its segments are."""
    ids = np.zeros((row[HEIGHT], row[WIDTH]), np.int64)
    found: list[dict[str, object]] = []
    for place, one in enumerate(segments, 1):
        given = str(one["annotation_id"]).rpartition("-")[2]
        kept = given.isdecimal() and 0 < int(given) < 1 << 24
        number = int(given) if kept else place
        counts = run_lengths.counts_of(one["mask"])
        ids[run_lengths.pixels_of(counts, one["mask_height"], one["mask_width"])] = number
        box = (one["x0"], one["y0"], one["x1"] - one["x0"], one["y1"] - one["y0"])
        found.append(
            {
                "id": number,
                "category_id": coded[one["category"]],
                "iscrowd": int(one["crowd"]),
                "bbox": box,
                "area": run_lengths.area_of(counts),
            }
        )
    colours = np.stack([ids & 255, ids >> 8 & 255, ids >> 16], axis=2).astype(np.uint8)
    Image.fromarray(colours).save(path)
    return found


FORMAT = Format(
    id="coco-panoptic",
    title="COCO panoptic",
    layout="a JSON file with the folder of PNG maps of the same name, and images",
    holds=frozenset(
        {
            Trait.IDS,
            Trait.SPLITS,
            Trait.METADATA,
            Trait.LICENCES,
            Trait.SEGMENTS,
            Trait.SEVERAL_SEGMENTS,
            Trait.CROWDS,
            Trait.HIERARCHY,
            Trait.NUMBERS,
            Trait.QUESTIONS,
        }
    ),
    recognise=_recognise,
    read=_read,
    write=_write,
)
