"""Who is in the data, and how small a difference in scores each group could show."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import polars as pl

from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.profile.statistic import Bars, Grid, Statistic, percent, quoted, select

BASE, LEVEL, POWER = 0.8, 0.05, 0.8
FEWEST = 10  # With fewer the normal approximation that all this rests on says nothing.


def smallest_gap(
    n: float, others: float, *, base: float = BASE, level: float = LEVEL, power: float = POWER
) -> float:
    """Return the smallest drop below `base` that a two-sided test of two proportions would find.

    It is the d that solves d = z(1 - level / 2) sqrt(2 p̄ (1 - p̄) / h) + z(power) sqrt(p1 (1 - p1) / n
    + p2 (1 - p2) / others) with p1 = base - d, p2 = base, p̄ their mean weighted by the sizes, and h the
    harmonic mean of the sizes. NaN where no drop, not even one to 0, would be found, and
    for groups of fewer than 10.

    Source: J. L. Fleiss, B. Levin and M. C. Paik, "Statistical Methods for Rates and Proportions",
    3rd edition (2003), chapter 4.
    """
    if min(n, others) < FEWEST:
        return math.nan
    law = NormalDist()
    sure, strong = law.inv_cdf(1 - level / 2), law.inv_cdf(power)

    def shortfall(gap: float) -> float:
        low = base - gap
        mean = (n * low + others * base) / (n + others)
        null = math.sqrt(max(0.0, mean * (1 - mean)) * (1 / n + 1 / others))
        other = math.sqrt(max(0.0, low * (1 - low)) / n + base * (1 - base) / others)
        return gap - sure * null - strong * other

    if shortfall(base) < 0:
        return math.nan
    lowest, highest = 0.0, base
    for _ in range(60):
        middle = (lowest + highest) / 2
        lowest, highest = (middle, highest) if shortfall(middle) < 0 else (lowest, middle)
    return highest


def subgroup_coverage(dataset: DataSet, columns: Sequence[str], *, base: float = BASE) -> Statistic:
    """Count each group, or each cell of an intersection, empty cells included.

    Args:
        columns: One or several columns of the examples.
        base: The accuracy that the other examples are supposed to reach.
    """
    frame = dataset.examples.select(pl.col(name).cast(pl.String) for name in columns)
    counts = frame.drop_nulls().group_by(columns).agg(pl.len().cast(pl.Int64).alias("examples"))
    values = [frame[name].drop_nulls().unique().sort().to_list() for name in columns]
    cells = pl.DataFrame(
        list(itertools.product(*values)), schema=dict.fromkeys(columns, pl.String), orient="row"
    )
    table = cells.join(counts, on=list(columns), how="left", maintain_order="left")
    table = table.with_columns(pl.col("examples").fill_null(0))
    n = int(table["examples"].sum())
    gaps = [smallest_gap(count, n - count, base=base) for count in table["examples"]]
    table = table.with_columns(
        (pl.col("examples") / max(1, n)).alias("share"),
        pl.Series("smallest_gap", gaps, dtype=pl.Float64),
    )
    return Statistic(
        id="subgroup-coverage",
        title=f"Coverage by {' and '.join(columns)}",
        note=_tell(table, len(dataset) - n, base, columns),
        table=table,
        query=select(
            "examples",
            " AND ".join(f"CAST({quoted(name)} AS VARCHAR) = {{{name}}}" for name in columns),
        ),
        chart=_chart(columns),
        alarms=_alarms(table, columns),
    )


def _chart(columns: Sequence[str]) -> Bars | Grid | None:
    if len(columns) == 1:
        return Bars(columns[0], "examples", "Examples")
    return Grid(columns[0], columns[1], "examples", "Examples") if len(columns) == 2 else None


def _tell(table: pl.DataFrame, missing: int, base: float, columns: Sequence[str]) -> str:
    present = table.filter(pl.col("examples") > 0)
    if present.is_empty():
        return f"No example says its {' and '.join(columns)}."
    smallest = present.sort("examples", maintain_order=True).row(0, named=True)
    name = " · ".join(str(smallest[column]) for column in columns)
    gap = smallest["smallest_gap"]
    seen = (
        "no difference at all could be shown"
        if gap is None or np.isnan(gap)
        else f"a score must be {100 * gap:.1f} points below the others' {base:.0%} to be noticed"
    )
    return (
        f"{present.height:,} groups; {missing:,} examples do not say theirs. Smallest: {name}, "
        f"{smallest['examples']:,} examples ({percent(smallest['share'])}); there {seen} "
        f"(power {POWER:.0%}, level {LEVEL:.0%})."
    )


def _alarms(table: pl.DataFrame, columns: Sequence[str]) -> tuple[str, ...]:
    empty = table.filter(pl.col("examples") == 0)
    if empty.is_empty():
        return ()
    names = [" · ".join(row) for row in empty.select(columns).head(5).rows()]
    more = f" and {empty.height - 5:,} more" if empty.height > 5 else ""
    return (f"Nobody is in {', '.join(names)}{more}.",)
