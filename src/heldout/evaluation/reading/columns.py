"""Columns of a table as text, numbers and lists, whatever the file stored them as."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import polars as pl

from heldout.errors import did_you_mean
from heldout.evaluation.data import MISSING, Codes, Floats
from heldout.evaluation.reading.faults import Faults
from heldout.evaluation.reading.table import Table

WHOLE = re.compile(r"-?[0-9]{1,18}")
MOST_LISTED = 30  # Columns in a message.


def require(table: Table, faults: Faults, *names: str) -> bool:
    """Add a fault for each column that is absent; return whether all are there."""
    absent = [name for name in names if name not in table.frame.columns]
    for name in absent:
        others = [column for column in table.frame.columns if column not in names]
        nearest = did_you_mean(name, others[:1000]).replace("did you mean", "is it")
        remedy = nearest or _listed(table.frame.columns)
        faults.file(f'there is no column "{name}"', remedy)
    return not absent


def in_order(labels: pl.Series) -> list[str]:
    """Return the labels that occur: whole numbers by size, so that 2 comes before 10, else as text."""
    found: list[str] = labels.drop_nulls().unique().sort().to_list()
    return sorted(found, key=int) if all(map(WHOLE.fullmatch, found)) else found


def texts(series: pl.Series) -> pl.Series:
    """Return a column as text; 7 and 7.0 both read "7". Lists stay what they are."""
    if series.dtype == pl.String or series.dtype.is_nested():
        return series
    if series.dtype.is_float():
        whole = series.cast(pl.Int64, strict=False)
        if (whole.cast(pl.Float64) == series).all():
            series = whole
    return series.cast(pl.String, strict=False)


def numbers(series: pl.Series) -> Floats:
    """Return a column as numbers; NaN where it is none."""
    return series.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()


def lists(table: Table, name: str) -> pl.Series:
    """Return a column of lists; in CSV their members are joined by `|`."""
    series = table.frame[name]
    if isinstance(series.dtype, pl.Array):
        return series.arr.to_list()
    if series.dtype != pl.String:
        return series
    filled = series.fill_null("") if table.untyped else series
    split = filled.str.split("|")
    return pl.select(pl.when(filled == "").then(pl.lit([], pl.List(pl.String))).otherwise(split))[
        :, 0
    ].alias(name)


def is_list(series: pl.Series) -> bool:
    """Tell whether every entry is a list of plain values."""
    dtype = series.dtype
    if not isinstance(dtype, pl.List | pl.Array):
        return False
    return not pl.Series(dtype=dtype.inner).dtype.is_nested()


def codes_of(series: pl.Series, vocabulary: pl.Series) -> Codes:
    """Return each text's position in the vocabulary; `MISSING` where it is not in there."""
    known = pl.DataFrame({"word": vocabulary}).with_row_index("code")
    found = pl.DataFrame({"word": series}).join(known, on="word", how="left", maintain_order="left")
    return found["code"].cast(pl.Int32).fill_null(MISSING).to_numpy()


def codes_of_classes(series: pl.Series, classes: Sequence[str]) -> Codes:
    """Do the same for a few classes that differ, more quickly."""
    found = series.cast(pl.Enum(classes), strict=False).to_physical()
    return found.cast(pl.Int32).fill_null(MISSING).to_numpy()


def _listed(columns: Sequence[str]) -> str:
    more = f" and {len(columns) - MOST_LISTED:,} more" if len(columns) > MOST_LISTED else ""
    return f"the columns are {', '.join(name[:80] for name in columns[:MOST_LISTED])}{more}"
