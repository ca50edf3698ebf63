"""A data set as files: two Parquet tables and one JSON document beside them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import polars as pl

from heldout.datasets.annotations.dataset import Category, DataSet, Licence
from heldout.datasets.annotations.schema import ANNOTATIONS
from heldout.datasets.atomic import write_bytes
from heldout.datasets.writers import write_table
from heldout.decoding import decode
from heldout.errors import BadInput, Problem

EXAMPLES, TABLE, ABOUT = "examples.parquet", "annotations.parquet", "dataset.json"


class About(msgspec.Struct, frozen=True, omit_defaults=True):
    """What `dataset.json` holds."""

    categories: tuple[Category, ...] = ()
    licences: tuple[Licence, ...] = ()
    info: dict[str, str] = {}


def save_dataset(dataset: DataSet, folder: Path) -> None:
    """Write the tables of a data set into a folder; its media stay where they are."""
    write_table(dataset.examples, folder / EXAMPLES)
    write_table(dataset.annotations, folder / TABLE)
    about = About(dataset.categories, dataset.licences, dict(dataset.info))
    content = msgspec.json.format(msgspec.json.encode(about, order="sorted"), indent=2)
    write_bytes(folder / ABOUT, content + b"\n")


def read_about(folder: Path) -> About | None:
    """Return what `dataset.json` says; None where it is not there or cannot be read."""
    try:
        return decode((folder / ABOUT).read_bytes(), About)
    except (OSError, msgspec.MsgspecError):
        return None


def load_dataset(folder: Path, *, root: Path | None = None) -> DataSet:
    """Read what `save_dataset` wrote.

    Args:
        folder: Where the tables are.
        root: What the paths of images are relative to; the folder itself if not given.

    Raises:
        BadInput: A file is missing or damaged.
    """
    try:
        examples = pl.read_parquet(folder / EXAMPLES)
        annotations = pl.read_parquet(folder / TABLE)
        about = decode((folder / ABOUT).read_bytes(), About)
    except FileNotFoundError as error:
        raise BadInput([Problem(str(error.filename or folder), "is not there")]) from None
    except (msgspec.MsgspecError, pl.exceptions.PolarsError, OSError) as error:
        raise BadInput([Problem(str(folder), f"is no stored data set: {error}")]) from None
    if dict(annotations.schema) != ANNOTATIONS:
        raise BadInput([Problem(str(folder / TABLE), "has other columns than annotations have")])
    return DataSet(
        examples=examples,
        annotations=annotations,
        categories=about.categories,
        licences=about.licences,
        info=about.info,
        root=root or folder,
    )
