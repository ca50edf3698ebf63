"""Captions of images: COCO's files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import polars as pl

from heldout.datasets.tasks import Task
from heldout.errors import Problems
from heldout.evaluation.data import MISSING, Places
from heldout.evaluation.language.data import CaptionPredictions, CaptionReferences
from heldout.evaluation.reading.entries import (
    Id,
    as_table,
    decode_list,
    read_list,
    read_object,
    refuse,
)
from heldout.evaluation.reading.expected import Expected, Missing
from heldout.evaluation.reading.faults import Faults
from heldout.evaluation.reading.rows import match_rows, read_ids

REMEDY = 'COCO captions are {"images": […], "annotations": […]}'


class File(msgspec.Struct):
    """The file of references."""

    annotations: msgspec.Raw
    images: msgspec.Raw = msgspec.Raw()


class Image(msgspec.Struct):
    """One image; without the list of images those of the annotations count."""

    id: Id


class Caption(msgspec.Struct):
    """One caption, whether a person's or predicted."""

    image_id: Id
    caption: str


def read_references(path: Path, *, task: Task, classes: Sequence[str] | None) -> CaptionReferences:
    """Read COCO captions; examples are images."""
    file = read_object(path, File, REMEDY)
    problems = Problems()
    entries = decode_list(bytes(file.annotations), Caption, problems, path.name)
    table = as_table(entries, path.name, ids="image_id")
    faults = Faults.of(table)
    captions: dict[str, list[str]] = {}
    for image, row in zip(table.frame["image_id"], entries.rows, strict=True):
        captions.setdefault(image, []).append(row.caption)
    _refuse_empty(faults, entries.rows)
    listed = bytes(file.images) not in (b"", b"null")
    ids = _images(path, file, problems) if listed else pl.Series(list(captions))
    known = set(ids)
    strange = [image not in known for image in table.frame["image_id"]]
    faults.at(
        np.flatnonzero(strange), lambda _: ("image_id is not the id of an image", "leave it out")
    )
    for image in ids:
        if image not in captions and not problems:
            faults.file(f"image {image} has no caption", "leave it out, or caption it")
    refuse(faults, problems)
    ids = ids.cast(pl.String).alias("example_id")
    return CaptionReferences(ids, pl.DataFrame(), captions=[captions[image] for image in ids])


def read_predictions(path: Path, *, task: Task, expected: Expected) -> CaptionPredictions:
    """Read `[{image_id, caption}]`, one caption for each image."""
    problems = Problems()
    entries = read_list(path, Caption, problems)
    table = as_table(entries, path.name, ids="image_id")
    faults = Faults.of(table)
    known = replace(expected, missing=Missing.WRONG) if problems else expected
    rows = match_rows(table, faults, known, column="image_id")
    _refuse_empty(faults, entries.rows)
    refuse(faults, problems)
    return CaptionPredictions(
        example_ids=expected.example_ids,
        missing=rows == MISSING,
        places=Places(rows, table.place),
        captions=["" if row == MISSING else entries.rows[row].caption for row in rows],
    )


def _images(path: Path, file: File, problems: Problems) -> pl.Series:
    undecoded = Problems()
    entries = decode_list(bytes(file.images), Image, undecoded, path.name)
    for problem in undecoded:
        problems.add(f"images, {problem.place}", problem.message, problem.remedy)
    table = as_table(entries, path.name, ids="id")
    faults = Faults(path.name, lambda row: f"images, {table.place(row)}")
    ids = read_ids(table, faults, "id")
    refuse(faults, problems)
    return ids


def _refuse_empty(faults: Faults, rows: Sequence[Caption]) -> None:
    empty = [not row.caption.strip() for row in rows]
    faults.at(np.flatnonzero(empty), lambda _: ("the caption is empty", "write one"))
