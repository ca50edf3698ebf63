"""What the writers of formats share: images under the names they are given away with, numbers of classes."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import polars as pl

from heldout.datasets import dicom
from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.annotations.schema import SPLIT
from heldout.datasets.images import IMAGE_SUFFIXES
from heldout.datasets.media import content_hash, in_threads, store_media
from heldout.datasets.table import ID, MEDIA

WHOLE = "all"  # The split of a data set without splits.


def write_json(content: object, path: Path) -> None:
    """Write a JSON document."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.encode(content))


def place_images(dataset: DataSet, folder: Path) -> list[str | None]:
    """Copy the images into a folder under the hash of their content, without metadata.

    Returns:
        The name of each example's image, None for an example without one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return in_threads(
        lambda path: None if path is None else place_image(path, folder), dataset.media_paths()
    )


def place_image(path: Path, folder: Path) -> str:
    """Copy one medium under the hash of its content, without metadata.

    A DICOM file becomes a PNG of 16 bits, which names no patient; other media are copied as they are.
    """
    if dicom.is_dicom(path):
        content, _, _ = dicom.as_png(path)
        name = f"{hashlib.sha256(content).hexdigest()}.png"
        (folder / name).write_bytes(content)
        return name
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return store_media(path, folder, durable=False)
    name = content_hash(path) + path.suffix.lower()
    shutil.copyfile(path, folder / name)
    return name


def stems(dataset: DataSet, names: list[str | None]) -> list[str]:
    """Return a file name without ending for each example: its image's, numbered where shared."""
    seen: Counter[str] = Counter()
    found = []
    for example_id, name in zip(dataset.examples[ID], names, strict=True):
        stem = Path(name).stem if name else hashlib.sha256(example_id.encode()).hexdigest()
        seen[stem] += 1
        found.append(stem if seen[stem] == 1 else f"{stem}-{seen[stem]}")
    return found


def by_split(dataset: DataSet) -> Iterator[tuple[str, DataSet]]:
    """Yield each split with its name; a data set without splits is one."""
    if SPLIT not in dataset.examples.columns:
        yield WHOLE, dataset
        return
    for split in dataset.splits:
        yield split, dataset.part(split)
    loose = dataset.examples.filter(pl.col(SPLIT).is_null())[ID]
    if len(loose):
        yield WHOLE, dataset.take(loose)


def numbers(dataset: DataSet, *, first: int) -> dict[str, int]:
    """Return a number for each category: the source's where all have one, else counted."""
    given = [one.number for one in dataset.categories]
    kept = [number for number in given if number is not None]
    if len(set(kept)) == len(given):
        return {one.name: number for one, number in zip(dataset.categories, kept, strict=True)}
    return {one.name: first + place for place, one in enumerate(dataset.categories)}


def rows_by_example(frame: pl.DataFrame) -> Mapping[str, list[dict[str, object]]]:
    """Return the annotations of each example as plain rows."""
    found: dict[str, list[dict[str, object]]] = {}
    for row in frame.iter_rows(named=True):
        found.setdefault(str(row[ID]), []).append(row)
    return found


def has_images(dataset: DataSet) -> bool:
    """Whether any example has an image."""
    return MEDIA in dataset.examples.columns


def tidy(value: float) -> float:
    """Return a coordinate without the dust of floating-point arithmetic; whole ones are integers."""
    rounded = round(value, 9)
    return int(rounded) if rounded == int(rounded) else rounded


def whole_ids(dataset: DataSet) -> list[int] | None:
    """Return the ids as whole numbers, or None where one is not."""
    ids = dataset.examples[ID].to_list()
    plain = all(one.isdecimal() and str(int(one)) == one and int(one) < 2**63 for one in ids)
    return [int(one) for one in ids] if plain else None
