"""IDX, the format of MNIST: all images of a split in one array, all labels in another."""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
from PIL import Image

from heldout.datasets.annotations.dataset import Category, DataSet
from heldout.datasets.annotations.schema import SPLIT, Kind
from heldout.datasets.annotations.storing import ABOUT, About, read_about
from heldout.datasets.formats.exporting import WHOLE, by_split, numbers, write_json
from heldout.datasets.formats.finding import split_of
from heldout.datasets.formats.format import Draft, Format, Source, Trait
from heldout.datasets.formats.rows import Rows
from heldout.datasets.images import open_image
from heldout.datasets.table import ID
from heldout.errors import Problems

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_LARGEST = 1 << 32  # Bytes of an array, unpacked.
_MNIST_TEST = "t10k"


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if "-idx" in path.name or ".idx" in path.name else []
    return sorted(file for file in path.iterdir() if "-idx" in file.name or ".idx" in file.name)


def _recognise(path: Path) -> bool:
    return bool(_files(path))


def read_array(path: Path) -> Any:
    """Return the array of a file, unpacked if its name ends in `.gz`.

    Raises:
        ValueError: It is damaged, or claims to be larger than it is.
    """
    try:
        if path.suffix == ".gz":
            with gzip.open(path) as stream:
                content = stream.read(_LARGEST + 1)
        else:
            content = path.read_bytes()
        zero, kind, dimensions = struct.unpack_from(">HBB", content)
        shape = struct.unpack_from(f">{dimensions}I", content, 4)
    except (OSError, EOFError, struct.error, zlib.error) as error:
        raise ValueError(f"is no whole IDX file: {error}") from None
    if zero or kind not in _TYPES or len(content) > _LARGEST:
        raise ValueError("is no IDX file")
    dtype = np.dtype(_TYPES[kind])
    start = 4 + 4 * dimensions
    claimed = dtype.itemsize * int(np.prod([*shape], dtype=object))
    if len(content) - start != claimed:
        message = f"holds {len(content) - start:,} bytes where its head claims {claimed:,}"
        raise ValueError(message)
    return np.frombuffer(content, dtype, offset=start).reshape(shape)


def _read(source: Source, problems: Problems) -> Draft | None:
    scratch = source.unpacking(problems)
    if scratch is None:
        return None
    rows = Rows()
    arrays: dict[str, dict[int, tuple[Path, Any]]] = {}
    for file in _files(source.path):
        try:
            array = read_array(file)
        except ValueError as error:
            problems.add(file.name, str(error))
            continue
        arrays.setdefault(_split(file), {})[min(array.ndim, 2)] = (file, array)
    for split, found in arrays.items():
        if 2 not in found:
            problems.add(split, "has labels, but no images")
            continue
        _read_split(split, found, scratch, rows, problems)
    if not rows.examples:
        return None
    folder = source.path if source.path.is_dir() else source.path.parent
    return _named(rows, _categories(arrays), folder, scratch)


def _named(rows: Rows, categories: list[Category], folder: Path, scratch: Path) -> Draft:
    """Give the classes their names, where our own description of the data set is beside the arrays."""
    about = read_about(folder)
    names = {one.number: one.name for one in about.categories} if about else {}
    if not set(names) >= {one.number for one in categories}:
        return rows.draft(root=scratch, categories=categories)
    for row in rows.annotations:
        row["category"] = names[int(row["category"])]
    return rows.draft(root=scratch, categories=about.categories if about else ())


def _split(file: Path) -> str:
    return "test" if file.name.startswith(_MNIST_TEST) else split_of(file) or WHOLE


def _categories(arrays: dict[str, dict[int, tuple[Path, Any]]]) -> list[Category]:
    labels = [found[1][1] for found in arrays.values() if 1 in found]
    values = np.unique(np.concatenate(labels)).tolist() if labels else []
    return [Category(str(value), number=int(value)) for value in values]


def _read_split(
    split: str,
    found: dict[int, tuple[Path, Any]],
    scratch: Path,
    rows: Rows,
    problems: Problems,
) -> None:
    file, images = found[2]
    labels = found[1][1] if 1 in found else None
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        problems.add(file.name, "holds no images of 8 bits")
        return
    if labels is not None and len(labels) != len(images):
        problems.add(file.name, f"has {len(images):,} images for {len(labels):,} labels")
        labels = None
    extra = {} if split == WHOLE else {SPLIT: split}
    prefix = "" if split == WHOLE else f"{split}-"
    for number, pixels in enumerate(images):
        name = f"{prefix}{number}"
        place = f"{file.name} image {number}"
        Image.fromarray(pixels).save(scratch / f"{name}.png")
        rows.example(place, name, f"{name}.png", **extra)
        if labels is not None:
            rows.annotation(place, name, Kind.LABEL, category=str(int(labels[number])))


def _write(dataset: DataSet, folder: Path) -> None:
    problems = Problems()
    coded = _codes(dataset)
    labels = dataset.annotations.filter(pl.col("kind") == Kind.LABEL)
    first = dict(reversed(list(labels.select(ID, "category").iter_rows())))
    for split, part in by_split(dataset):
        arrays = [
            _pixels(path, example_id, problems)
            for example_id, path in zip(part.examples[ID], part.media_paths(), strict=True)
        ]
        shapes = {array.shape for array in arrays if array is not None}
        if len(shapes) > 1:
            problems.add(split, f"has images of {len(shapes)} sizes", "make them all one size")
        if problems:
            continue
        write_array(
            np.stack([one for one in arrays if one is not None]),
            folder / f"{split}-images-idx3-ubyte",
        )
        if any(one in first for one in part.examples[ID]):
            codes = [coded[first[one]] for one in part.examples[ID] if one in first]
            if len(codes) < len(part):
                problems.add(split, f"{len(part) - len(codes):,} images have no label")
            write_array(np.array(codes, np.uint8), folder / f"{split}-labels-idx1-ubyte")
    problems.refuse_if_any()
    named = [msgspec.structs.replace(one, number=coded[one.name]) for one in dataset.categories]
    write_json(About(tuple(named)), folder / ABOUT)


def _codes(dataset: DataSet) -> dict[str, int]:
    """Return the number of each class; classes named by numbers keep them."""
    names = [one.name for one in dataset.categories]
    if all(name.isdecimal() and int(name) < 256 for name in names):
        return {name: int(name) for name in names}
    return numbers(dataset, first=0)


def _pixels(path: Path | None, example_id: str, problems: Problems) -> Any | None:
    if path is None:
        problems.add(example_id, "has no image")
        return None
    with open_image(path) as image:
        return np.asarray(image.convert("L"))


def write_array(array: Any, path: Path) -> None:
    """Write an array of bytes."""
    head = struct.pack(f">HBB{array.ndim}I", 0, 0x08, array.ndim, *array.shape)
    path.write_bytes(head + array.tobytes())


FORMAT = Format(
    id="idx",
    title="IDX (MNIST)",
    layout="`<split>-images-idx3-ubyte` and `<split>-labels-idx1-ubyte`, perhaps with `.gz`",
    holds=frozenset({Trait.SPLITS, Trait.LABELS, Trait.NUMBERS}),
    recognise=_recognise,
    read=_read,
    write=_write,
)
