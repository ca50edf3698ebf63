"""Tables of a set of labels per example."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from heldout.evaluation.data import MISSING, Flags, Places, SetPredictions, SetReferences
from heldout.evaluation.reading.columns import (
    codes_of_classes,
    in_order,
    is_list,
    lists,
    require,
    texts,
)
from heldout.evaluation.reading.expected import Expected
from heldout.evaluation.reading.faults import Faults
from heldout.evaluation.reading.rows import arrange, match_rows, read_ids
from heldout.evaluation.reading.scores import has_scores, read_scores
from heldout.evaluation.reading.table import Table, read_table

EMPTY = "give an empty list where there is no label"


def read_references(path: Path, *, classes: Sequence[str] | None, id_column: str) -> SetReferences:
    """Read `id, reference`; without declared classes they are the labels that occur, in order."""
    table = read_table(path)
    faults = Faults.of(table)
    require(table, faults, id_column, "reference")
    faults.refuse_if_any()
    ids = read_ids(table, faults, id_column)
    if classes is None:
        classes = tuple(in_order(_members(table, "reference")))
    sets = read_sets(table, faults, Expected(ids, tuple(classes)), "reference")
    faults.refuse_if_any()
    return SetReferences(ids, table.frame.drop(id_column, "reference"), sets, tuple(classes))


def read_predictions(path: Path, *, expected: Expected, id_column: str) -> SetPredictions:
    """Read `id` with `prediction`, `score_<class>` … or `scores`."""
    table = read_table(path)
    faults = Faults.of(table)
    scored = has_scores(table)
    require(table, faults, id_column, *([] if scored else ["prediction"]))
    faults.refuse_if_any()
    rows = match_rows(table, faults, expected, column=id_column)
    scores = read_scores(table, faults, expected) if scored else None
    named = "prediction" in table.frame.columns
    sets = read_sets(table, faults, expected, "prediction") if named else None
    faults.refuse_if_any()
    return SetPredictions(
        example_ids=expected.example_ids,
        missing=rows == MISSING,
        places=Places(rows, table.place),
        sets=None if sets is None else arrange(sets, rows, absent=False),
        scores=None if scores is None else arrange(scores, rows, absent=np.nan),
    )


def read_sets(table: Table, faults: Faults, expected: Expected, name: str) -> Flags:
    """Return members as flags (rows, classes); adds a fault for each unknown or absent label."""
    series = lists(table, name)
    sets = np.zeros((len(series), len(expected.classes)), dtype=np.bool_)
    if not is_list(series):
        faults.file(f'the column "{name}" does not hold lists', "join the labels by | in CSV")
        return sets
    faults.at(np.flatnonzero(series.is_null()), lambda _: (f"{name} is not a list", EMPTY))
    owner = np.repeat(np.arange(len(series)), series.list.len().fill_null(0).to_numpy())
    members = _members(table, name)
    codes = codes_of_classes(members, expected.classes)
    wrong = np.flatnonzero(codes == MISSING)
    faults.each(
        owner[wrong],
        lambda at: _unknown(members[int(wrong[at])], expected),
    )
    sets[owner[codes != MISSING], codes[codes != MISSING]] = True
    return sets


def _unknown(label: str | None, expected: Expected) -> tuple[str, str]:
    return ("a label is null", "leave it out") if label is None else expected.unknown(label)


def _members(table: Table, name: str) -> pl.Series:
    series = lists(table, name)
    if not is_list(series):
        return pl.Series(name, [], dtype=pl.String)
    return texts(series.filter(series.list.len() > 0).explode())
