"""Tables of how captions match images, and of the items that queries find."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from heldout.evaluation.data import MISSING, AnyArray, Floats, Places
from heldout.evaluation.language.data import MatchPredictions, MatchReferences
from heldout.evaluation.reading.columns import is_list, lists, require
from heldout.evaluation.reading.expected import Expected
from heldout.evaluation.reading.faults import Faults, quoted
from heldout.evaluation.reading.rows import arrange, match_rows, read_ids
from heldout.evaluation.reading.table import Table, read_table
from heldout.evaluation.reading.values import read_values

SCORES = ("c0_i0", "c0_i1", "c1_i0", "c1_i1")
RANKED, RELEVANT, GAINS = "prediction", "reference", "relevance"


def read_references(
    path: Path, *, classes: Sequence[str] | None, id_column: str
) -> MatchReferences:
    """Read `id`, and where there are any `reference` and `relevance`, lists of equal length."""
    table = read_table(path)
    faults = Faults.of(table)
    require(table, faults, id_column)
    faults.refuse_if_any()
    ids = read_ids(table, faults, id_column)
    relevant = gains = None
    if RELEVANT in table.frame.columns:
        relevant = _items(table, faults, RELEVANT)
        gains = _gains(table, faults, relevant)
    faults.refuse_if_any()
    columns = table.frame.drop(id_column, RELEVANT, GAINS, strict=False)
    return MatchReferences(ids, columns, relevant=relevant, gains=gains)


def read_predictions(path: Path, *, expected: Expected, id_column: str) -> MatchPredictions:
    """Read `id` with the four scores of captions with images, with ranked items, or with both."""
    table = read_table(path)
    faults = Faults.of(table)
    ranks = RANKED in table.frame.columns
    scored = not ranks or any(name in table.frame.columns for name in SCORES)
    require(table, faults, id_column, *(SCORES if scored else ()))
    faults.refuse_if_any()
    rows = match_rows(table, faults, expected, column=id_column)
    columns = [read_values(table, faults, name) for name in SCORES] if scored else []
    ranked = _items(table, faults, RANKED) if ranks else None
    faults.refuse_if_any()
    return MatchPredictions(
        example_ids=expected.example_ids,
        missing=rows == MISSING,
        places=Places(rows, table.place),
        scores=_squares(columns, rows) if scored else None,
        ranked=None if ranked is None else _in_order(ranked, rows),
    )


def _squares(columns: list[Floats], rows: AnyArray) -> Floats:
    scores: Floats = arrange(np.stack(columns, axis=1), rows, absent=np.nan)
    return scores.reshape(-1, 2, 2)


def _in_order(ranked: pl.Series, rows: AnyArray) -> pl.Series:
    return ranked.gather(pl.Series(rows).replace(MISSING, None))


def _items(table: Table, faults: Faults, name: str) -> pl.Series:
    """Return lists of texts; adds a fault for each that is empty or names an item twice."""
    series = lists(table, name)
    if not is_list(series) or series.list.explode().dtype.is_nested():
        remedy = "join the items by | in CSV"
        faults.file(f'the column "{name}" does not hold lists of items', remedy)
        return pl.Series(name, [["?"]] * len(series))
    items = series.cast(pl.List(pl.String))
    absent = items.is_null() | (items.list.len() == 0)
    blank = items.list.contains(None) | items.list.contains("")
    faults.at(np.flatnonzero(absent), lambda _: (f"no items in {name}", "name one at least"))
    faults.at(_rows(blank), lambda _: (f"an item in {name} is empty", "leave it out"))
    twice = items.list.n_unique() < items.list.len()
    faults.at(_rows(twice), lambda row: (_repeated(items[row]), "name each item once"))
    return items


def _rows(flags: pl.Series) -> AnyArray:
    return np.flatnonzero(flags.fill_null(False))


def _repeated(items: pl.Series) -> str:
    first = items.filter(items.is_first_distinct().not_())[0]
    return f"{quoted(str(first))} is there more than once"


def _gains(table: Table, faults: Faults, relevant: pl.Series) -> pl.Series:
    """Return a number above 0 for each relevant item."""
    sizes = relevant.list.len().fill_null(0)
    if GAINS not in table.frame.columns:
        return relevant.list.eval(pl.lit(1.0).repeat_by(pl.len()).explode())
    gains = lists(table, GAINS)
    if not is_list(gains):
        faults.file(f'the column "{GAINS}" does not hold lists', "join the numbers by | in CSV")
        return gains
    numbers = gains.cast(pl.List(pl.Float64), strict=False)
    lengths = numbers.list.len().fill_null(0)
    faults.at(
        np.flatnonzero(lengths != sizes),
        lambda row: (
            f"{lengths[row]} numbers in {GAINS} for {sizes[row]} items",
            "give one number per item",
        ),
    )
    good = numbers.list.eval((pl.element() > 0) & pl.element().is_finite()).list.all()
    holes = numbers.list.contains(None)
    wrong = _rows((good == False) | holes)  # noqa: E712
    faults.at(
        wrong, lambda _: (f"{GAINS} holds something that is not above 0", "leave such items out")
    )
    return numbers
