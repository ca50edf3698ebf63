"""COCO JSON: boxes, polygons, run lengths, keypoints and captions.

`images`, `annotations` and `categories`, one file per split. Boxes are x, y, width, height in pixels.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from heldout.datasets.annotations import run_lengths
from heldout.datasets.annotations.dataset import Category, DataSet, Licence
from heldout.datasets.annotations.schema import (
    AUTHOR,
    HEIGHT,
    LICENCE,
    SOURCE,
    WIDTH,
    Kind,
    annotation_frame,
)
from heldout.datasets.formats.coco_entries import (
    Annotation,
    CategoryEntry,
    Entries,
    LicenceEntry,
    RunLengths,
    read_entries,
)
from heldout.datasets.formats.exporting import by_split, numbers, place_images, tidy, write_json
from heldout.datasets.formats.finding import find_images, json_files, split_of, top_keys
from heldout.datasets.formats.format import PLACE, Draft, Format, Source, Trait, all_but
from heldout.datasets.formats.joining import join_drafts
from heldout.datasets.formats.losses import FILE_NAME, metadata_columns
from heldout.datasets.table import ID, MEDIA
from heldout.decoding import decode
from heldout.errors import Problems

CAPTION_ID = "caption-"  # Before the number of a caption, so that ids stay unique.
LABEL_ID = "label-"
_OWN_KEYS = {"id", "file_name", "license", "width", "height", "example_id", "author", "url"}
_ADDRESS_KEYS = ("flickr_url", "coco_url", "url")


def _recognise(path: Path) -> bool:
    return any(_is_coco(file) for file in json_files(path, "annotations"))


def _is_coco(file: Path) -> bool:
    keys = top_keys(file)
    return {"images", "annotations"} <= keys and "segments_info" not in keys


def _read(source: Source, problems: Problems) -> Draft | None:
    files = [file for file in json_files(source.path, "annotations") if _is_coco(file)]
    if not files and source.path.is_file():
        files = [source.path]
    drafts = [_read_file(file, source, problems) for file in files]
    return join_drafts([one for one in drafts if one is not None])


def _read_file(file: Path, source: Source, problems: Problems) -> Draft | None:
    entries = read_entries(file, problems)
    if entries is None:
        return None
    licences = read_licences(entries.licences)
    names = {one.id: one.name for one in entries.categories}
    examples = read_images(entries.images, licences, file, problems)
    root, paths = find_images(examples[FILE_NAME].to_list(), file, source)
    return Draft(
        examples=examples.with_columns(pl.Series(MEDIA, paths, dtype=pl.String)),
        annotations=_annotations(entries, names),
        categories=tuple(read_category(one) for one in entries.categories),
        licences=tuple(licences.values()),
        info={key: str(value) for key, value in entries.info.items() if value not in (None, "")},
        root=root,
    )


def read_licences(entries: Iterable[LicenceEntry]) -> dict[int | str, Licence]:
    """Return the licences by their number; a name that is there twice gets its number."""
    found: dict[int | str, Licence] = {}
    for one in entries:
        name = one.name or f"licence {one.id}"
        taken = any(other.name == name for other in found.values())
        number = one.id if isinstance(one.id, int) else None
        found[one.id] = Licence(f"{name} ({one.id})" if taken else name, one.url, number)
    return found


def read_category(one: CategoryEntry) -> Category:
    """A category whose supercategory bears its own name has no parent."""
    parents = () if one.supercategory in ("", one.name) else (one.supercategory,)
    colour = tuple(one.color) if one.color else None
    skeleton = tuple((start - 1, end - 1) for start, end in one.skeleton or ())
    return Category(
        name=one.name,
        parents=parents,
        number=one.id,
        thing=None if one.isthing is None else bool(one.isthing),
        keypoints=tuple(one.keypoints or ()),
        skeleton=skeleton,
        colour=colour,  # type: ignore[arg-type]
    )


def read_images(
    images: Sequence[dict[str, Any]],
    licences: dict[int | str, Licence],
    file: Path,
    problems: Problems,
) -> pl.DataFrame:
    """Return the examples of a file with their places; the split is told by the file\'s name."""
    rows = [_example(image, licences, file.name, problems) for image in images]
    frame = pl.DataFrame(rows, infer_schema_length=None, strict=False)
    split = split_of(file)
    if split and not frame.is_empty():
        frame = frame.with_columns(split=pl.lit(split))
    return frame


def owners(images: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Return the example id of each image's number."""
    return {str(one.get("id")): str(one.get("example_id", one.get("id"))) for one in images}


def _example(
    image: dict[str, Any], licences: dict[int | str, Licence], file: str, problems: Problems
) -> dict[str, object]:
    number = image.get("id")
    place = f"{file} image {number}"
    row: dict[str, object] = {
        PLACE: place,
        ID: str(image.get("example_id", number)),
        FILE_NAME: str(image.get("file_name", "")),
        WIDTH: _size(image, "width"),
        HEIGHT: _size(image, "height"),
    }
    if "license" in image:
        row[LICENCE] = _licence(image["license"], licences, place, problems)
    if "author" in image:
        row[AUTHOR] = str(image["author"])
    row[SOURCE] = next((str(image[key]) for key in _ADDRESS_KEYS if image.get(key)), None)
    extra = {key: value for key, value in image.items() if key not in _OWN_KEYS}
    return row | {key: _cell(value) for key, value in extra.items() if key not in row}


def _size(image: dict[str, Any], key: str) -> int | None:
    value = image.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _licence(
    number: Any, licences: dict[int | str, Licence], place: str, problems: Problems
) -> str | None:
    if number is None:
        return None
    if number in licences:
        return licences[number].name
    problems.add(place, f"names licence {number}, which is not in the file")
    return None


def _cell(value: object) -> object:
    """Return what a column can hold; nested values become JSON text."""
    if isinstance(value, dict) or (isinstance(value, list) and any(map(_is_nested, value))):
        return msgspec.json.encode(value).decode()
    return value


def _is_nested(value: object) -> bool:
    return isinstance(value, dict | list)


def _annotations(document: Entries, names: dict[int, str]) -> pl.DataFrame:
    entries, owner = document.annotations, owners(document.images)
    boxes = [_corners(one) for one in entries]
    masks = [_mask(one.segmentation) for one in entries]
    columns: dict[str, Sequence[Any]] = {
        ID: [owner.get(str(one.image_id), str(one.image_id)) for one in entries],
        "annotation_id": [_id(one) for one in entries],
        "kind": [_kind(one) for one in entries],
        "category": [_name(one, names) for one in entries],
        "polygons": [_polygons(one.segmentation) for one in entries],
        "mask": [text for text, _, _ in masks],
        "mask_height": [height for _, height, _ in masks],
        "mask_width": [width for _, _, width in masks],
        "keypoints": [one.keypoints for one in entries],
        "text": [one.caption for one in entries],
        "score": [one.score for one in entries],
        "crowd": [bool(one.iscrowd) for one in entries],
        "area": [one.area for one in entries],
        "origin": [one.origin for one in entries],
        "annotator": [one.annotator for one in entries],
        "attributes": [_attributes(one) for one in entries],
    }
    columns |= {
        name: [None if box is None else box[place] for box in boxes]
        for place, name in enumerate(("x0", "y0", "x1", "y1"))
    }
    return annotation_frame(columns).with_columns(
        pl.Series(PLACE, document.places, dtype=pl.String)
    )


def _corners(one: Annotation) -> tuple[float, float, float, float] | None:
    if one.bbox is None:
        return None
    x, y, width, height = one.bbox
    return x, y, x + width, y + height


def _id(one: Annotation) -> str | None:
    if one.id is None:
        return None
    return f"{CAPTION_ID if one.caption is not None else ''}{one.id}"


def _kind(one: Annotation) -> Kind:
    if one.caption is not None:
        return Kind.CAPTION
    located = one.bbox or one.segmentation or one.keypoints
    return Kind.OBJECT if located else Kind.LABEL


def _name(one: Annotation, names: dict[int, str]) -> str | None:
    """Return the category's name; an unknown number stays visible, so that it is reported."""
    if one.category_id is None:
        return None
    return names.get(one.category_id, f"number {one.category_id}")


def _polygons(segmentation: RunLengths | list[list[float]] | None) -> list[list[float]] | None:
    return segmentation if isinstance(segmentation, list) and segmentation else None


def _mask(
    segmentation: RunLengths | list[list[float]] | None,
) -> tuple[str | None, int | None, int | None]:
    if not isinstance(segmentation, RunLengths):
        return None, None, None
    counts = segmentation.counts
    text = counts if isinstance(counts, str) else run_lengths.text_of(counts)
    return text, *segmentation.size


def _attributes(one: Annotation) -> str | None:
    return msgspec.json.encode(one.attributes).decode() if one.attributes else None


def _write(dataset: DataSet, folder: Path) -> None:
    names = place_images(dataset, folder / "images")
    chosen = dict(zip(dataset.examples[ID], names, strict=True))
    ids = image_ids(dataset)
    about = describe(dataset)
    coded = numbers(dataset, first=1)
    for split, part in by_split(dataset):
        images = image_entries(part, ids, chosen, dataset.licences)
        captions = part.annotations.filter(pl.col("kind") == Kind.CAPTION)
        objects = part.annotations.filter(pl.col("kind").is_in([Kind.OBJECT, Kind.LABEL]))
        if len(objects) or not len(captions):
            entries = [_entry(row, ids, coded) for row in _numbered(objects)]
            document = {**about, "images": images, "annotations": entries}
            write_json(document, folder / "annotations" / f"instances_{split}.json")
        if len(captions):
            entries = [_caption(row, ids) for row in _numbered(captions)]
            document = {**about, "images": images, "annotations": entries}
            write_json(document, folder / "annotations" / f"captions_{split}.json")


def image_ids(dataset: DataSet) -> dict[str, int]:
    """Return a whole number for each example: its id where all ids are such, else counted."""
    ids = dataset.examples[ID].to_list()
    plain = all(re.fullmatch(r"0|[1-9][0-9]{0,17}", one) for one in ids)
    return {one: int(one) if plain else place for place, one in enumerate(ids, 1)}


def describe(dataset: DataSet) -> dict[str, object]:
    """Return what a file says of the data set as a whole."""
    coded = numbers(dataset, first=1)
    return {
        "info": dict(dataset.info),
        "licenses": [
            {"id": place, "name": one.name, "url": one.url}
            for place, one in _numbered_licences(dataset.licences).values()
        ],
        "categories": [_category_entry(one, coded[one.name]) for one in dataset.categories],
    }


def _numbered_licences(licences: Sequence[Licence]) -> dict[str, tuple[int, Licence]]:
    given = [one.number for one in licences if one.number is not None]
    kept = len(set(given)) == len(licences)
    return {
        one.name: (one.number if kept and one.number is not None else place, one)
        for place, one in enumerate(licences, 1)
    }


def _category_entry(one: Category, number: int) -> dict[str, object]:
    entry: dict[str, object] = {
        "id": number,
        "name": one.name,
        "supercategory": one.parents[0] if one.parents else one.name,
    }
    if one.thing is not None:
        entry["isthing"] = int(one.thing)
    if one.keypoints:
        entry["keypoints"] = one.keypoints
        entry["skeleton"] = [(start + 1, end + 1) for start, end in one.skeleton]
    return entry | ({"color": one.colour} if one.colour else {})


def image_entries(
    part: DataSet, ids: dict[str, int], names: dict[str, str | None], licences: Sequence[Licence]
) -> list[dict[str, object]]:
    """Return the images of one split as a file lists them."""
    coded = _numbered_licences(licences)
    plain = all(str(number) == one for one, number in ids.items())
    columns = metadata_columns(part)
    entries = []
    for row in part.examples.iter_rows(named=True):
        entry: dict[str, object] = {
            "id": ids[row[ID]],
            "file_name": names[row[ID]] or row.get(FILE_NAME) or "",
            "width": row.get(WIDTH),
            "height": row.get(HEIGHT),
        }
        entry |= {} if plain else {"example_id": row[ID]}
        entry |= {"license": coded[row[LICENCE]][0]} if row.get(LICENCE) in coded else {}
        entry |= {key: row[key] for key in (AUTHOR, "question") if row.get(key) is not None}
        extra = {name: row[name] for name in columns if row[name] is not None}
        if row.get(SOURCE) and row[SOURCE] not in extra.values():
            extra["url"] = row[SOURCE]
        entries.append(entry | extra)
    return entries


def _numbered(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the rows with a whole number as `id`: their own where all have one."""
    rows = list(frame.iter_rows(named=True))
    given = [str(row["annotation_id"]).removeprefix(CAPTION_ID) for row in rows]
    kept = len(set(given)) == len(given) and all(one.isdecimal() for one in given)
    for place, (row, one) in enumerate(zip(rows, given, strict=True), 1):
        row["id"] = int(one) if kept else place
    return rows


def _caption(row: dict[str, Any], ids: dict[str, int]) -> dict[str, object]:
    return {"id": row["id"], "image_id": ids[row[ID]], "caption": row["text"]} | _remarks(row)


def _entry(row: dict[str, Any], ids: dict[str, int], coded: dict[str, int]) -> dict[str, object]:
    entry: dict[str, object] = {"id": row["id"], "image_id": ids[row[ID]]}
    if row["category"] is not None:
        entry["category_id"] = coded[row["category"]]
    if row["x0"] is not None:
        size = (row["x1"] - row["x0"], row["y1"] - row["y0"])
        entry["bbox"] = [tidy(value) for value in (row["x0"], row["y0"], *size)]
        entry["area"] = tidy(row["area"] if row["area"] is not None else size[0] * size[1])
        entry["iscrowd"] = int(row["crowd"])
    segmentation = _segmentation(row)
    if segmentation is not None:
        entry["segmentation"] = segmentation
    if row["keypoints"] is not None:
        entry["keypoints"] = row["keypoints"]
        entry["num_keypoints"] = sum(visible > 0 for visible in row["keypoints"][2::3])
    return entry | _remarks(row)


def _segmentation(row: dict[str, Any]) -> object:
    """Crowds have their runs as numbers, other masks as text, as in COCO's own files."""
    if row["polygons"] is not None:
        return row["polygons"]
    if row["mask"] is None:
        return None
    counts = run_lengths.counts_of(row["mask"]).tolist() if row["crowd"] else row["mask"]
    return {"size": [row["mask_height"], row["mask_width"]], "counts": counts}


def _remarks(row: dict[str, Any]) -> dict[str, object]:
    names = ("score", "origin", "annotator")
    remarks: dict[str, object] = {name: row[name] for name in names if row[name] is not None}
    if row["attributes"] is not None:
        remarks["attributes"] = decode(row["attributes"])
    return remarks


FORMAT = Format(
    id="coco",
    title="COCO",
    layout="a JSON file, or a folder with `annotations/*.json` and images",
    holds=all_but(
        Trait.ROTATION,
        Trait.SEGMENTS,
        Trait.ANSWERS,
        Trait.LOOSE_EXAMPLES,
    ),
    recognise=_recognise,
    read=_read,
    write=_write,
)
