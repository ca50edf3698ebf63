"""The columns of the table of annotations, one row per annotation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import polars as pl
import pyarrow as pa

from heldout.datasets.table import ID

# Columns of the table of examples with a fixed meaning, beside those of `heldout.datasets.table`.
WIDTH = "width"  # Of the image as it is shown, in pixels.
HEIGHT = "height"
SPLIT = "split"
LICENCE = "licence"  # The name of one of the data set's licences.
AUTHOR = "author"
SOURCE = "source"  # The address an example was taken from.
QUESTION = "question"


class Kind(StrEnum):
    """What an annotation says about its example."""

    OBJECT = "object"  # Something located: a box, polygons, a mask, keypoints, or several of these.
    SEGMENT = "segment"  # A mask of a panoptic or semantic map; segments never overlap.
    LABEL = "label"  # The class of the example as a whole.
    CAPTION = "caption"
    ANSWER = "answer"  # One annotator's answer to the example's question.


class Origin(StrEnum):
    """Who made an annotation; null where nobody says."""

    HUMAN = "human"
    MACHINE = "machine"
    VERIFIED = "verified"  # A machine made it, a person confirmed it.


ANNOTATIONS: dict[str, pl.DataType] = {
    ID: pl.String(),
    "annotation_id": pl.String(),  # Unique in the data set.
    "kind": pl.String(),  # A `Kind`.
    "category": pl.String(),  # A category's name.
    "x0": pl.Float64(),
    "y0": pl.Float64(),
    "x1": pl.Float64(),
    "y1": pl.Float64(),
    "rotation": pl.Float64(),  # Degrees clockwise about the box's centre; null is 0.
    "polygons": pl.List(pl.List(pl.Float64())),  # Parts of one object: x, y, x, y …
    "mask": pl.String(),  # COCO's compressed run lengths, in column order.
    "mask_height": pl.Int32(),
    "mask_width": pl.Int32(),
    "keypoints": pl.List(pl.Float64()),  # x, y, visibility for each of the category's keypoints.
    "text": pl.String(),  # Of a caption or an answer.
    "annotator": pl.String(),
    "origin": pl.String(),  # An `Origin`.
    "score": pl.Float64(),  # A machine's confidence.
    "crowd": pl.Boolean(),  # One box or mask around many objects; never null.
    "area": pl.Float64(),  # As the source measures it, in pixels.
    "attributes": pl.String(),  # Whatever else the source says, as a JSON object; null if nothing.
}
BOX = ("x0", "y0", "x1", "y1")


def annotation_frame(columns: Mapping[str, Sequence[Any] | pl.Series]) -> pl.DataFrame:
    """Return a table of annotations from some of its columns; the others are null, `crowd` is false.

    Raises:
        KeyError: A column is not in `ANNOTATIONS`.
        polars.exceptions.PolarsError: A value does not fit its column.
    """
    typed = [_typed(name, cells) for name, cells in columns.items()]
    rows = max((len(cells) for cells in typed), default=0)
    given = {cells.name: cells for cells in typed}
    absent = {"crowd": pl.repeat(value=False, n=rows, dtype=pl.Boolean(), eager=True)}
    return pl.DataFrame(
        [
            given.get(name, absent.get(name, pl.Series(dtype=dtype).extend_constant(None, rows)))
            .alias(name)
            .cast(dtype)
            for name, dtype in ANNOTATIONS.items()
        ]
    ).with_columns(pl.col("crowd").fill_null(value=False))


def _typed(name: str, cells: Sequence[Any] | pl.Series) -> pl.Series:
    dtype = ANNOTATIONS[name]
    if isinstance(cells, pl.Series):
        return cells.cast(dtype).alias(name)
    if isinstance(dtype, pl.List):  # Arrow builds nested lists five times as fast.
        found = pl.Series(name, pl.from_arrow(pa.array(cells, _arrow_type(dtype))))
        return found.cast(dtype)
    return pl.Series(name, cells, dtype=dtype, strict=not dtype.is_numeric())


def _arrow_type(dtype: pl.DataType) -> Any:
    if isinstance(dtype, pl.List):
        return pa.large_list(_arrow_type(pl.Series(dtype=dtype.inner).dtype))
    return pa.float64()


def is_located() -> pl.Expr:
    """Whether an annotation has a box."""
    return pl.col("x0").is_not_null()
