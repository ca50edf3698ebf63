"""Finds out what each column is good for, and writes the arrays that make it so."""

from __future__ import annotations

import math
import sqlite3

import msgspec
import numpy as np
import polars as pl

from heldout.datasets.index.columns import (
    BINS,
    FEW_NUMBERS,
    LOG_RATIO,
    SPLIT,
    Column,
    is_countable,
)
from heldout.datasets.index.sidecar import Array, Sidecar, narrow
from heldout.datasets.kinds import Kind, native_kind
from heldout.datasets.table import ID, MEDIA

_RANGED = (Kind.INTEGER, Kind.NUMBER, Kind.DATE, Kind.TIME)


def describe(frame: pl.DataFrame) -> tuple[Column, ...]:
    """Return what each column of the frame is, before anything is counted."""
    kinds = ((name, native_kind(frame[name].dtype) or Kind.TEXT) for name in frame.columns)
    return tuple(
        Column(
            name=name,
            kind=kind,
            field=f"c{place}",
            searchable=kind in (Kind.TEXT, Kind.TEXTS) and name not in (SPLIT, MEDIA),
            facet=_is_facet(frame[name], name, kind),
            ranged=kind in _RANGED,
        )
        for place, (name, kind) in enumerate(kinds)
    )


def _is_facet(cells: pl.Series, name: str, kind: Kind) -> bool:
    if name == SPLIT or kind is Kind.TRUTH:
        return True
    if kind is Kind.INTEGER:
        return cells.n_unique() <= FEW_NUMBERS
    if kind is Kind.TEXTS:
        values = cells.drop_nulls().explode().drop_nulls().cast(pl.String)
        return is_countable(values, name)
    return kind is Kind.TEXT and is_countable(cells.cast(pl.String), name)


def write_arrays(
    frame: pl.DataFrame,
    columns: tuple[Column, ...],
    sidecar: Sidecar,
    database: sqlite3.Connection,
) -> tuple[Column, ...]:
    """Write the sidecar of every column; return the columns with what was counted."""
    database.execute("CREATE TABLE value (field TEXT, code INTEGER, value TEXT, total INTEGER)")
    done = []
    for column in columns:
        cells = frame[column.name]
        one = msgspec.structs.replace(column, missing=cells.null_count())
        if one.facet:
            one = _write_facet(cells, one, sidecar, database)
        if one.ranged:
            one = _write_numbers(cells, one, sidecar)
        if one.ranged or (not one.is_list and (one.facet or one.name == ID)):
            one = _write_order(cells, one, sidecar)
        done.append(one)
    database.execute("CREATE INDEX value_code ON value (field, code)")
    return tuple(done)


def _write_facet(
    cells: pl.Series, column: Column, sidecar: Sidecar, database: sqlite3.Connection
) -> Column:
    """Number the values from 1, the most frequent first."""
    if column.is_list:
        owners = pl.Series("owner", np.arange(len(cells), dtype=np.uint32))
        pairs = pl.DataFrame({"owner": owners, "value": cells.cast(pl.List(pl.String))})
        pairs = pairs.explode("value").drop_nulls().unique(maintain_order=True)
        values, totals, codes = _numbered(pairs["value"])
        sidecar.write(f"{column.field}.items", codes)
        lengths = np.bincount(pairs["owner"].to_numpy(), minlength=len(cells))
        starts = np.concatenate([[0], np.cumsum(lengths)])
        sidecar.write(f"{column.field}.starts", starts.astype(np.uint32))
        column = msgspec.structs.replace(column, missing=int((lengths == 0).sum()))
    else:
        values, totals, codes = _numbered(cells.cast(pl.String))
        sidecar.write(f"{column.field}.codes", codes)
    rows = [
        (column.field, code, value, total)
        for code, (value, total) in enumerate(zip(values, totals, strict=True), 1)
    ]
    database.executemany("INSERT INTO value VALUES (?, ?, ?, ?)", rows)
    return msgspec.structs.replace(column, distinct=len(values))


def _numbered(cells: pl.Series) -> tuple[list[str], list[int], Array]:
    counted = (
        cells.alias("value")
        .drop_nulls()
        .value_counts(name="total")
        .sort("total", "value", descending=[True, False])
    )
    values = counted["value"]
    codes = pl.Series(range(1, len(values) + 1), dtype=pl.UInt32)
    coded = (
        cells.replace_strict(values, codes, default=None, return_dtype=pl.UInt32).fill_null(0)
        if len(values)
        else pl.zeros(len(cells), dtype=pl.UInt32, eager=True)
    )
    return values.to_list(), counted["total"].to_list(), narrow(coded.to_numpy(), len(values))


def _write_numbers(cells: pl.Series, column: Column, sidecar: Sidecar) -> Column:
    numbers = as_numbers(cells, column.kind)
    sidecar.write(f"{column.field}.numbers", numbers)
    known = numbers[np.isfinite(numbers)]
    if not len(known):
        sidecar.write(f"{column.field}.bins", np.zeros(len(numbers), dtype=np.uint8))
        return column
    low, high = float(known.min()), float(known.max())
    log = low > 0 and high / low >= LOG_RATIO and column.kind in (Kind.INTEGER, Kind.NUMBER)
    edges = _edges(low, high, log=log, whole=column.kind is Kind.INTEGER)
    bins = np.clip(np.searchsorted(edges, numbers, side="right"), 1, len(edges) - 1)
    bins[~np.isfinite(numbers)] = 0
    sidecar.write(f"{column.field}.bins", narrow(bins, len(edges)))
    return msgspec.structs.replace(
        column, low=low, high=high, log=log, edges=tuple(map(float, edges))
    )


def _edges(low: float, high: float, *, log: bool, whole: bool) -> Array:
    if low == high:
        return np.array([low, high])
    if whole and high - low < BINS:
        # One bin for each whole number, the last closed by its own value.
        return np.append(np.arange(low, high + 1), high + 1)
    edges = np.geomspace(low, high, BINS + 1) if log else np.linspace(low, high, BINS + 1)
    edges[0], edges[-1] = low, high
    return edges


def as_numbers(cells: pl.Series, kind: Kind) -> Array:
    """Return a column as 64-bit floats, NaN where there is no value; times as seconds since 1970."""
    if kind in (Kind.DATE, Kind.TIME):
        seconds = cells.cast(pl.Datetime("us")).dt.timestamp("us") / 1e6
        return np.array(seconds.to_numpy(), dtype=np.float64)
    numbers = np.array(cells.cast(pl.Float64).fill_null(math.nan).to_numpy(), dtype=np.float64)
    numbers[~np.isfinite(numbers)] = math.nan
    return numbers


def _write_order(cells: pl.Series, column: Column, sidecar: Sidecar) -> Column:
    keys = cells.fill_nan(None) if cells.dtype.is_float() else cells
    rising = keys.arg_sort(nulls_last=True).to_numpy()
    known = len(keys) - keys.null_count()
    falling = np.concatenate([rising[:known][::-1], rising[known:]])
    sidecar.write(f"{column.field}.order", rising.astype(np.uint32))
    sidecar.write(f"{column.field}.falling", falling.astype(np.uint32))
    return msgspec.structs.replace(column, sortable=True)
