"""Vectors from a challenge's public data: small pictures as pixels, rows of tables as numbers.

Only the public data folder is read. Held-out answers are elsewhere and not needed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heldout.datasets.images import open_image
from heldout.datasets.kinds import Kind
from heldout.datasets.media import in_threads
from heldout.datasets.readers import read_examples
from heldout.datasets.table import ID, MEDIA, REFERENCE, ExampleTable
from heldout.datasets.tasks import Family, Task
from heldout.errors import BadInput, Problem

if TYPE_CHECKING:
    from PIL import Image

Matrix = NDArray[np.float64]

LARGEST_SIDE = 16
MOST_CATEGORIES = 20


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What a model learns from and predicts for.

    Attributes:
        task: The challenge's.
        classes: The declared classes in their order; empty for regression.
        vectors: By split, shape (examples, features).
        ids: By split, the example ids in the order of the vectors.
        targets: References of the training split: class names, or numbers.
        train: The name of the training split.
        id_column: What the column of ids is called.
    """

    task: Task
    classes: tuple[str, ...]
    vectors: Mapping[str, Matrix]
    ids: Mapping[str, Sequence[str]]
    targets: NDArray[np.str_] | Matrix
    train: str
    id_column: str = ID


def read_features(
    data: Path,
    *,
    task: Task,
    classes: Sequence[str] | None,
    splits: Collection[str],
    train: str = "train",
    id_column: str = ID,
    media_column: str = MEDIA,
) -> Features:
    """Read the public tables of a challenge.

    Args:
        data: The folder of public data.
        task: Label tasks and regression have baselines.
        classes: The declared classes.
        splits: The splits to predict.
        train: The split to learn from.
        id_column: The column of example ids.
        media_column: The column of image paths.

    Raises:
        BadInput: The task has no baselines, a table is missing or faulty, the training split has no
            references or too few, or no column can be learned from.
    """
    if task.family not in (Family.LABEL, Family.NUMBER):
        raise BadInput([Problem("task", f"there are no baselines for {task.title.lower()} yet")])
    tables = {
        name: read_examples(
            _table_path(data, name),
            task=task,
            classes=classes if name == train else None,
            id_column=id_column,
            media_column=media_column if task.media == "image" else None,
        )
        for name in dict.fromkeys([train, *splits])
    }
    targets = _targets(tables[train], train)
    vectorise = _image_vectors if tables[train].has_media else _column_vectors
    return Features(
        task=task,
        classes=tuple(classes) if classes else tables[train].classes,
        vectors=vectorise(tables, train),
        ids={name: table.ids for name, table in tables.items()},
        targets=targets,
        train=train,
        id_column=id_column,
    )


def _table_path(data: Path, split: str) -> Path:
    paths = [data / f"{split}{suffix}" for suffix in (".parquet", ".csv", ".jsonl")]
    return next((path for path in paths if path.is_file()), paths[0])


def _targets(table: ExampleTable, train: str) -> NDArray[np.str_] | Matrix:
    if not table.has_reference:
        raise BadInput([Problem(f'split "{train}"', "has no references to learn from")])
    targets: NDArray[np.str_] | Matrix = table.frame[REFERENCE].to_numpy()
    if len(np.unique(targets)) < 2:
        raise BadInput([Problem(f'split "{train}"', "has one reference only: nothing to learn")])
    return targets.astype(np.str_) if table.task.family is Family.LABEL else targets


def _image_vectors(tables: Mapping[str, ExampleTable], _: str) -> dict[str, Matrix]:
    """Return pixels from 0 to 1 of images at most 16 x 16 large; grey ones have one value each.

    Images of one size keep it if it is small enough; otherwise all become 16 x 16.
    """
    paths = {name: table.media_paths() for name, table in tables.items()}
    every = [path for some in paths.values() for path in some]
    facts = set(in_threads(_shape_of, every))
    mode = "L" if all(is_grey for is_grey, _ in facts) else "RGB"
    sizes = {size for _, size in facts}
    size = sizes.pop() if len(sizes) == 1 else (LARGEST_SIDE, LARGEST_SIDE)
    side = (min(size[0], LARGEST_SIDE), min(size[1], LARGEST_SIDE))

    def vector(path: Path) -> Matrix:
        return _pixels(path, mode=mode, size=side)

    return {name: np.stack(in_threads(vector, some)) for name, some in paths.items()}


def _shape_of(path: Path) -> tuple[bool, tuple[int, int]]:
    with open_image(path) as image:
        return image.mode in {"1", "L", "I;16", "I"}, image.size


def _pixels(path: Path, *, mode: str, size: tuple[int, int]) -> Matrix:
    from PIL import Image, ImageOps

    with open_image(path) as image:
        plain = ImageOps.exif_transpose(_in_eight_bits(image)).convert(mode)
    if plain.size != size:
        plain = plain.resize(size, Image.Resampling.BOX)
    return np.asarray(plain, dtype=np.float64).ravel() / 255


def _in_eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey down: Pillow's own conversion would cut it off at 255."""
    if image.mode not in {"I;16", "I"}:
        return image
    from PIL import Image

    return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))


def _column_vectors(tables: Mapping[str, ExampleTable], train: str) -> dict[str, Matrix]:
    """Return the numbers, truth values and few-valued texts that every split has as columns.

    A missing number becomes the mean of the training split; a text becomes one column per value.
    """
    learned = tables[train]
    shared = [
        name for name in learned.metadata if all(name in t.frame.columns for t in tables.values())
    ]
    encoders = [encoder for name in shared for encoder in _encoders(learned, name)]
    if not encoders:
        remedy = "declare the columns of features as public columns"
        raise BadInput([Problem("data", "no column of features is in every split", remedy)])
    return {
        name: table.frame.select(encoders).to_numpy().astype(np.float64)
        for name, table in tables.items()
    }


def _encoders(table: ExampleTable, name: str) -> list[pl.Expr]:
    cells, kind = table.frame[name], table.kinds[name]
    if kind in (Kind.INTEGER, Kind.NUMBER, Kind.TRUTH):
        mean = cells.cast(pl.Float64).mean()
        return [] if mean is None else [pl.col(name).cast(pl.Float64).fill_null(mean)]
    values = cells.drop_nulls().unique().sort()
    if kind is not Kind.TEXT or not 2 <= len(values) <= MOST_CATEGORIES:
        return []
    return [
        (pl.col(name) == value).fill_null(value=False).cast(pl.Float64).alias(f"{name}={value}")
        for value in values
    ]
