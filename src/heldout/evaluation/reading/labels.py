"""Tables of one label per example."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from heldout.evaluation.data import (
    MISSING,
    Codes,
    Flags,
    Floats,
    LabelPredictions,
    LabelReferences,
    Places,
)
from heldout.evaluation.reading.columns import codes_of_classes, in_order, require, texts
from heldout.evaluation.reading.expected import Expected
from heldout.evaluation.reading.faults import Faults
from heldout.evaluation.reading.rows import arrange, match_rows, read_ids
from heldout.evaluation.reading.scores import has_scores, read_scores
from heldout.evaluation.reading.table import Table, read_table

RANKED = re.compile(r"prediction_([1-9][0-9]*)")


def read_references(
    path: Path, *, classes: Sequence[str] | None, id_column: str
) -> LabelReferences:
    """Read `id, reference`; without declared classes they are the references in order."""
    table = read_table(path)
    faults = Faults.of(table)
    require(table, faults, id_column, "reference")
    faults.refuse_if_any()
    ids = read_ids(table, faults, id_column)
    labels = texts(table.frame["reference"])
    if classes is None and not labels.dtype.is_nested():
        classes = in_order(labels)
    names = tuple(classes or ())
    codes = read_codes(labels, faults, Expected(ids, names), what="reference")
    faults.refuse_if_any()
    return LabelReferences(ids, table.frame.drop(id_column, "reference"), codes, names)


def read_predictions(path: Path, *, expected: Expected, id_column: str) -> LabelPredictions:
    """Read `id` with `prediction`, `prediction_1` …, `score_<class>` … or `scores`."""
    table = read_table(path)
    faults = Faults.of(table)
    scored, ranked_columns = has_scores(table), _ranked_columns(table, faults)
    wanted = [] if scored or ranked_columns else ["prediction"]
    require(table, faults, id_column, *wanted)
    faults.refuse_if_any()
    rows = match_rows(table, faults, expected, column=id_column)
    scores = read_scores(table, faults, expected) if scored else None
    named = [name for name in ["prediction"] if name in table.frame.columns]
    columns = [
        read_codes(texts(table.frame[name]), faults, expected, what=name)
        for name in named or ranked_columns
    ]
    faults.refuse_if_any()
    ranked = arrange(np.stack(columns, axis=1), rows, absent=MISSING) if columns else None
    if scores is not None:
        scores = arrange(scores, rows, absent=np.nan)
    return LabelPredictions(
        example_ids=expected.example_ids,
        missing=rows == MISSING,
        places=Places(rows, table.place),
        labels=_first_choice(ranked, scores, rows == MISSING),
        ranked=ranked if ranked_columns and not named else None,
        scores=scores,
    )


def read_codes(labels: pl.Series, faults: Faults, expected: Expected, *, what: str) -> Codes:
    """Return each label's code; adds a fault for each row without a label or with an unknown one."""
    if labels.dtype.is_nested():
        faults.file(f'the column "{what}" holds lists', "give one label per example")
        return np.full(len(labels), MISSING, dtype=np.int32)
    codes = codes_of_classes(labels, expected.classes)
    if (codes == MISSING).any():
        absent = labels.is_null().to_numpy()
        faults.at(np.flatnonzero(absent), lambda _: (f"no {what}", "give a class"))
        unknown = np.flatnonzero((codes == MISSING) & ~absent)
        faults.at(unknown, lambda row: expected.unknown(labels[row]))
    return codes


def _ranked_columns(table: Table, faults: Faults) -> list[str]:
    found = {
        int(match[1]): match[0] for match in map(RANKED.fullmatch, table.frame.columns) if match
    }
    for place in sorted(set(range(1, len(found) + 1)) - set(found)):
        faults.file(f'there is no column "prediction_{place}"', "number them without a gap")
    return [found[place] for place in sorted(found)]


def _first_choice(ranked: Codes | None, scores: Floats | None, missing: Flags) -> Codes:
    if ranked is not None:
        return ranked[:, 0]
    assert scores is not None
    best = np.where(missing[:, None], 0, scores).argmax(axis=1)
    return np.where(missing, MISSING, best).astype(np.int32)
