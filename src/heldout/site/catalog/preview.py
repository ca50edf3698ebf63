"""A glance at a split: some examples, and what its columns are. Reads public files only."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import polars as pl
from PIL import Image

from heldout.cards.wording import column_words
from heldout.datasets.index.columns import Column as IndexedColumn
from heldout.datasets.kinds import Kind
from heldout.datasets.tasks import TASKS

GLANCE = 24
# Smaller images are shown with hard pixels instead of blurred ones.
_TINY = 64
_LONGEST = 60


class Column(NamedTuple):
    name: str
    kind: str
    meaning: str
    sample: str


class Example(NamedTuple):
    id: str
    label: str
    media: str


def _scan(path: Path) -> pl.LazyFrame:
    match path.suffix.lower():
        case ".parquet":
            return pl.scan_parquet(path)
        case ".csv":
            return pl.scan_csv(path, infer_schema_length=1000)
        case _:
            return pl.scan_ndjson(path)


@lru_cache(maxsize=64)
def glance(path: Path, rows: int = GLANCE) -> pl.DataFrame:
    """Rows from the whole length of a table, which never changes once it is published."""
    scan = _scan(path)
    total = scan.select(pl.len()).collect().item()
    return scan.gather_every(max(1, total // rows)).head(rows).collect()


def columns(table: pl.DataFrame, meanings: Mapping[str, str]) -> list[Column]:
    return [
        Column(name, column_words(str(dtype)), meanings.get(name, ""), _sample(table[name]))
        for name, dtype in table.schema.items()
    ]


def _sample(values: pl.Series) -> str:
    known = values.drop_nulls()
    text = str(known[0]) if len(known) else ""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def examples(table: pl.DataFrame, *, id_column: str, media_column: str) -> list[Example]:
    """The examples that can be shown as pictures, with their answers if the split has them."""
    if media_column not in table.columns or id_column not in table.columns:
        return []
    label = table["reference"] if "reference" in table.columns else [""] * len(table)
    rows = zip(table[id_column], label, table[media_column], strict=True)
    return [Example(str(one), _words(text), str(media)) for one, text, media in rows if media]


def _words(label: object) -> str:
    return " ".join(map(str, label)) if isinstance(label, list | pl.Series) else str(label)


@lru_cache(maxsize=256)
def is_tiny(path: Path) -> bool:
    try:
        with Image.open(path) as image:
            return max(image.size) < _TINY
    except OSError:
        return False


def shows_images(task: str) -> bool:
    return task in TASKS and TASKS[task].media == "image"


_COLUMN_KINDS = {
    Kind.TEXT: "text",
    Kind.INTEGER: "whole number",
    Kind.NUMBER: "number",
    Kind.TRUTH: "yes or no",
    Kind.DATE: "date",
    Kind.TIME: "time",
    Kind.TEXTS: "list",
    Kind.NUMBERS: "list",
}


def kind_of_column(column: IndexedColumn) -> str:
    return _COLUMN_KINDS[column.kind]
