"""Scores of every class: one column each, or one column of lists."""

from __future__ import annotations

import numpy as np
import polars as pl

from heldout.errors import did_you_mean
from heldout.evaluation.data import Floats
from heldout.evaluation.reading.columns import is_list, lists, numbers
from heldout.evaluation.reading.expected import Expected
from heldout.evaluation.reading.faults import Faults, quoted
from heldout.evaluation.reading.table import Table

PREFIX = "score_"
LIST = "scores"


def has_scores(table: Table) -> bool:
    """Tell whether the table has scores in either form."""
    return LIST in table.frame.columns or bool(_score_columns(table))


def read_scores(table: Table, faults: Faults, expected: Expected) -> Floats | None:
    """Return scores (rows, classes) in the order of the classes; None after a fault of columns."""
    if LIST in table.frame.columns:
        return _from_lists(table, faults, expected)
    return _from_columns(table, faults, expected)


def _score_columns(table: Table) -> list[str]:
    return [name for name in table.frame.columns if name.startswith(PREFIX)]


def _from_columns(table: Table, faults: Faults, expected: Expected) -> Floats | None:
    found = _score_columns(table)
    wanted = [PREFIX + name for name in expected.classes]
    for name in sorted(set(found) - set(wanted)):
        message, remedy = expected.unknown(name.removeprefix(PREFIX))
        faults.file(f'column "{name}": {message}', remedy)
    absent = sorted(set(wanted) - set(found)) if expected.declared else []
    spare = [name.removeprefix(PREFIX) for name in found if name not in wanted]
    for name in absent:
        nearest = did_you_mean(name.removeprefix(PREFIX), spare)
        faults.file(f'there is no column "{name}"', nearest or "score every class")
    if set(found) != set(wanted):
        if not expected.declared:
            faults.file("the score columns are not one for every class", "declare the classes")
        return None
    columns = [numbers(table.frame[name]) for name in wanted]
    for name, values in zip(wanted, columns, strict=True):
        _refuse_not_finite(table, faults, name, values)
    return np.stack(columns, axis=1)


def _from_lists(table: Table, faults: Faults, expected: Expected) -> Floats | None:
    series = lists(table, LIST)
    if not is_list(series):
        faults.file('the column "scores" does not hold lists', "give a list of numbers per row")
        return None
    size = len(expected.classes)
    faults.at(
        np.flatnonzero(series.is_null()), lambda _: ("no list of scores", "give a number per class")
    )
    lengths = series.list.len().fill_null(size).to_numpy()
    wrong = np.flatnonzero(lengths != size)
    faults.at(
        wrong, lambda row: (f"{lengths[row]} scores for {size} classes", "give one per class")
    )
    whole = (lengths == size) & series.is_not_null().to_numpy()
    flat = numbers(series.filter(pl.Series(whole)).explode()).reshape(-1, size)
    bad = np.flatnonzero(~np.isfinite(flat).all(axis=1))
    faults.each(
        np.flatnonzero(whole)[bad],
        lambda at: (f"scores hold {_first_bad(flat[bad[at]])}", "give finite numbers"),
    )
    return flat if whole.all() else None


def _refuse_not_finite(table: Table, faults: Faults, name: str, values: Floats) -> None:
    def describe(row: int) -> tuple[str, str]:
        given = table.frame[name][row]
        if given is None:
            return f"no {name}", "give a number"
        return f"{name} is {quoted(str(given))}, which is not a finite number", "give a number"

    faults.at(np.flatnonzero(~np.isfinite(values)), describe)


def _first_bad(row: Floats) -> str:
    value = row[~np.isfinite(row)][0]
    return "something that is not a number" if np.isnan(value) else "infinity"
