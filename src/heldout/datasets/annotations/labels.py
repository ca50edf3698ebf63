"""Labels that stand in a table's column, as annotations."""

from __future__ import annotations

import polars as pl

from heldout.datasets.annotations.schema import Kind, annotation_frame
from heldout.datasets.table import ID, REFERENCE


def labels_in(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the column `reference` of a table of examples, one label or a list each, as annotations."""
    if REFERENCE not in frame.columns:
        return annotation_frame({})
    pairs = frame.select(pl.col(ID).cast(pl.String), REFERENCE)
    if isinstance(pairs[REFERENCE].dtype, pl.List):
        pairs = pairs.explode(REFERENCE)
    pairs = pairs.drop_nulls()
    return annotation_frame(
        {
            ID: pairs[ID],
            "annotation_id": [str(place) for place in range(pairs.height)],
            "kind": [Kind.LABEL] * pairs.height,
            "category": pairs[REFERENCE].cast(pl.String),
        }
    )
