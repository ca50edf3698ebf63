"""Annotations as an index keeps them: those of one example together, ready to be drawn or told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import polars as pl

from heldout.datasets.annotations.schema import HEIGHT, WIDTH, Kind, Origin
from heldout.datasets.profile.answers import types_of_answers
from heldout.datasets.profile.objects import is_object, place_boxes, size_class
from heldout.datasets.table import ID

# What annotations tell about their example, as columns of the index.
CLASSES, OBJECTS, ORIGINS = "object classes", "objects", "label origin"
LABELS, CAPTIONS, ANSWERS = "labels", "captions", "answers"
SIZES, PLACES, ANSWER_TYPE = "object sizes", "object places", "answer type"

_ORIGIN_WORDS = {
    Origin.HUMAN: "made by people",
    Origin.MACHINE: "machine-made",
    Origin.VERIFIED: "machine-made, verified by people",
}


class Mark(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One annotation of an example; positions as in `heldout.datasets.annotations`.

    Attributes:
        kind: A `Kind`.
        category: The class, by name.
        box: Left, top, right, bottom.
        rotation: Degrees clockwise about the box's centre.
        polygons: Outlines, each x, y, x, y …
        mask: Compressed run lengths.
        size: Height and width of the mask.
        keypoints: x, y and visibility of each.
        text: Of a caption or an answer.
        annotator: Who made it.
        origin: An `Origin`, or empty where nobody says.
        score: A machine's confidence.
        crowd: Whether it marks a group.
    """

    kind: str
    category: str = ""
    box: tuple[float, float, float, float] | None = None
    rotation: float = 0.0
    polygons: tuple[tuple[float, ...], ...] = ()
    mask: str = ""
    size: tuple[int, int] | None = None
    keypoints: tuple[float, ...] = ()
    text: str = ""
    annotator: str = ""
    origin: str = ""
    score: float | None = None
    crowd: bool = False


def encode(marks: Sequence[Mark]) -> bytes:
    """Return the annotations of one example as JSON."""
    return msgspec.json.encode(marks)


def marks_of(annotations: pl.DataFrame) -> Iterator[tuple[str, list[Mark]]]:
    """Yield each example's id with its annotations, in the order of the table."""
    for (one,), rows in annotations.group_by(ID, maintain_order=True):
        yield str(one), [_mark(row) for row in rows.iter_rows(named=True)]


def _mark(row: Mapping[str, Any]) -> Mark:
    size = (row["mask_height"], row["mask_width"])
    return Mark(
        kind=row["kind"],
        category=row["category"] or "",
        box=None if row["x0"] is None else (row["x0"], row["y0"], row["x1"], row["y1"]),
        rotation=row["rotation"] or 0.0,
        polygons=tuple(map(tuple, row["polygons"] or ())),
        mask=row["mask"] or "",
        size=None if None in size else size,
        keypoints=tuple(row["keypoints"] or ()),
        text=row["text"] or "",
        annotator=row["annotator"] or "",
        origin=row["origin"] or "",
        score=row["score"],
        crowd=row["crowd"],
    )


def told(annotations: pl.DataFrame, examples: pl.DataFrame) -> pl.DataFrame:
    """Return what the annotations tell about each example, one row per annotated example."""
    kind, found = pl.col("kind"), set(annotations["kind"])
    located = kind.is_in([Kind.OBJECT, Kind.SEGMENT])
    words = pl.col("origin").replace_strict(
        {str(one): text for one, text in _ORIGIN_WORDS.items()},
        default=None,
        return_dtype=pl.String,
    )
    each: dict[str, pl.Expr] = {}
    if found & {Kind.OBJECT, Kind.SEGMENT}:
        each[CLASSES] = _distinct("category", located)
        each[OBJECTS] = located.sum().cast(pl.Int64)
        each[SIZES] = size_class().filter(is_object()).unique(maintain_order=True)
    for name, one, column in (
        (LABELS, Kind.LABEL, "category"),
        (CAPTIONS, Kind.CAPTION, "text"),
        (ANSWERS, Kind.ANSWER, "text"),
    ):
        if one in found:
            each[name] = _distinct(column, kind == one)
    if annotations["origin"].null_count() < len(annotations):
        each[ORIGINS] = words.drop_nulls().unique(maintain_order=True)
    summed = annotations.group_by(ID, maintain_order=True).agg(
        one.alias(name) for name, one in each.items()
    )
    for more in _derived(annotations, examples, found):
        summed = summed.join(more, on=ID, how="left", maintain_order="left")
    return summed


def _derived(
    annotations: pl.DataFrame, examples: pl.DataFrame, found: set[str]
) -> Iterator[pl.DataFrame]:
    """What the statistics count, so that each of their numbers leads to its rows."""
    if Kind.OBJECT in found and all(
        name in examples.columns and examples[name].dtype.is_numeric() for name in (WIDTH, HEIGHT)
    ):
        placed = place_boxes(examples, annotations)
        yield placed.group_by(ID).agg(place_name().unique(maintain_order=True).alias(PLACES))
    if Kind.ANSWER in found:
        yield types_of_answers(annotations).rename({"type": ANSWER_TYPE})


def place_name() -> pl.Expr:
    """A cell of the map of positions as people read it, from the columns `row` and `column`."""
    return pl.format("row {}, column {}", "row", "column")


def _distinct(column: str, where: pl.Expr) -> pl.Expr:
    return pl.col(column).filter(where).drop_nulls().unique(maintain_order=True)
