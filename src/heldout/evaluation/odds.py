"""Rates of error by class and group, and how far the groups are apart: equalised odds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from heldout.evaluation.data import LabelPredictions, LabelReferences
from heldout.evaluation.subgroups import groups_of
from heldout.statistics.proportions import wilson

RATES = ("true positive rate", "false positive rate", "predicted share")


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
    rows = []
    for group in groups_of(columns, by):
        truth = references.labels[group.members]
        guess = predictions.labels[group.members]
        for code, name in enumerate(references.classes):
            among = (truth == code, truth != code, np.ones(len(truth), dtype=np.bool_))
            for rate, chosen in zip(RATES, among, strict=True):
                rows.append(
                    {**group.name, "class": name, "rate": rate} | _rate(guess[chosen], code)
                )
    return pl.DataFrame(rows, schema_overrides=dict.fromkeys(("value", "low", "high"), pl.Float64))


def largest_gaps(rates: pl.DataFrame) -> pl.DataFrame:
    """Return for each class and rate the largest difference between two groups: `gap`.

    The larger of a class's gaps in true and false positive rate is its equalised-odds difference.
    Null where fewer than two groups have the rate. Noise alone makes it larger than 0; look at the
    intervals of the rates, and at their n.
    """
    known = pl.col("value").drop_nulls()
    spread = pl.when(known.len() > 1).then(known.max() - known.min())
    return rates.group_by("class", "rate", maintain_order=True).agg(spread.alias("gap"))


def _rate(guess: ArrayLike, code: int) -> dict[str, Any]:
    hits, n = int(np.count_nonzero(np.asarray(guess) == code)), len(np.asarray(guess))
    if not n:
        return {"value": None, "low": None, "high": None, "n": 0}
    low, high = wilson(hits, n)
    return {"value": hits / n, "low": low, "high": high, "n": n}
