"""Rates of error by class and group, and how far the groups are apart: equalised odds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from heldout.evaluation.data import LabelPredictions, LabelReferences
from heldout.evaluation.subgroups import Group, groups_of, suppressed
from heldout.statistics.proportions import wilson

RATES = ("true positive rate", "false positive rate", "predicted share")


class GroupRate(msgspec.Struct, frozen=True):
    """One rate of one class in one group.

    Attributes:
        subgroup: The group as column: value.
        name: The class; `class` in JSON.
        rate: One of `RATES`.
        value: None where there is no example the rate could be of, or too few to show.
        low: Lower end of the 95 % interval, or None.
        high: Upper end, or None.
        n: Examples the rate is of; None where they are too few to show.
    """

    subgroup: dict[str, str]
    name: str = msgspec.field(name="class")
    rate: str
    value: float | None
    low: float | None
    high: float | None
    n: int | None


class RateGap(msgspec.Struct, frozen=True):
    """The largest difference of one rate between two groups; noise alone makes it larger than 0.

    Attributes:
        by: The columns that make the groups.
        name: The class; `class` in JSON.
        rate: One of `RATES`.
        gap: None where fewer than two groups have the rate.
    """

    by: tuple[str, ...]
    name: str = msgspec.field(name="class")
    rate: str
    gap: float | None


def rates_by_group(
    predictions: LabelPredictions,
    references: LabelReferences,
    columns: pl.DataFrame,
    *,
    by: Sequence[Sequence[str]],
    smallest_group: int = 1,
    protect: bool = False,
    independent: bool = True,
) -> tuple[tuple[GroupRate, ...], tuple[RateGap, ...]]:
    """Return the rates of `group_rates` for several columns and intersections, and their gaps.

    Args:
        predictions: In the order of the references.
        references: The answers.
        columns: One row per example, in the same order.
        by: Names of columns, for each set of groups.
        smallest_group: Smaller groups are left out, and rates of fewer examples have no numbers.
        protect: As in `subgroups.disaggregate`.
        independent: Whether examples stand for themselves; else there are no intervals.
    """
    rates: list[GroupRate] = []
    gaps: list[RateGap] = []
    for names in by:
        groups = groups_of(columns, names)
        hidden = suppressed(groups, smallest_group, protect=protect)
        shown = [group for group, gone in zip(groups, hidden, strict=True) if not gone]
        table = _rates_of(predictions, references, shown, smallest_group)
        if not len(table):
            continue
        rates += [
            GroupRate(
                {name: row[name] for name in names},
                row["class"],
                row["rate"],
                row["value"],
                row["low"] if independent else None,
                row["high"] if independent else None,
                row["n"],
            )
            for row in table.iter_rows(named=True)
        ]
        gaps += [RateGap(tuple(names), *row) for row in largest_gaps(table).iter_rows()]
    return tuple(rates), tuple(gaps)


def group_rates(
    predictions: LabelPredictions,
    references: LabelReferences,
    columns: pl.DataFrame,
    *,
    by: Sequence[str],
) -> pl.DataFrame:
    """Return how often each class is predicted, in each group, rightly and wrongly.

    Equalised odds ask that true and false positive rates are equal over the groups; demographic
    parity, that the predicted share is. They cannot all hold where the groups' true shares differ.
    A missing prediction is of no class.

    Source: M. Hardt, E. Price and N. Srebro, "Equality of opportunity in supervised learning",
    NeurIPS (2016).

    Args:
        predictions: In the order of the references.
        references: The answers.
        columns: One row per example, in the same order.
        by: Names of the columns that make the groups.

    Returns:
        The columns of `by`, then `class`, `rate` (one of `RATES`), `value`, `low`, `high` (Wilson)
        and `n`, the examples the rate is of. Without such examples all three are null.
    """
    return _rates_of(predictions, references, groups_of(columns, by), 0)


def _rates_of(
    predictions: LabelPredictions,
    references: LabelReferences,
    groups: Sequence[Group],
    smallest: int,
) -> pl.DataFrame:
    rows = []
    for group in groups:
        truth = references.labels[group.members]
        guess = predictions.labels[group.members]
        for code, name in enumerate(references.classes):
            among = (truth == code, truth != code, np.ones(len(truth), dtype=np.bool_))
            for rate, chosen in zip(RATES, among, strict=True):
                found = _rate(guess[chosen], code, smallest)
                rows.append({**group.name, "class": name, "rate": rate} | found)
    numbers = dict.fromkeys(("value", "low", "high"), pl.Float64) | {"n": pl.Int64}
    return pl.DataFrame(rows, schema_overrides=numbers)


def largest_gaps(rates: pl.DataFrame) -> pl.DataFrame:
    """Return for each class and rate the largest difference between two groups: `gap`.

    The larger of a class's gaps in true and false positive rate is its equalised-odds difference.
    Null where fewer than two groups have the rate. Noise alone makes it larger than 0; look at the
    intervals of the rates, and at their n.
    """
    known = pl.col("value").drop_nulls()
    spread = pl.when(known.len() > 1).then(known.max() - known.min())
    return rates.group_by("class", "rate", maintain_order=True).agg(spread.alias("gap"))


def _rate(guess: ArrayLike, code: int, smallest: int) -> dict[str, Any]:
    hits, n = int(np.count_nonzero(np.asarray(guess) == code)), len(np.asarray(guess))
    if not n or n < smallest:
        return {"value": None, "low": None, "high": None, "n": None if n else 0}
    low, high = wilson(hits, n)
    return {"value": hits / n, "low": low, "high": high, "n": n}
