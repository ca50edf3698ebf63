"""How much of a data set comes from a few countries, authors or sources; how incomes are spread."""

from __future__ import annotations

import numpy as np
import polars as pl

from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.profile.balance import gini
from heldout.datasets.profile.statistic import (
    Bars,
    Statistic,
    named,
    percent,
    quoted,
    select,
    share,
)

TOP = 5
QUANTILES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
WIDE_GAP = 10.0
WIDE_STEP = 2.0
EDGE = 0.01  # At either end values are always sparse.


def concentration(dataset: DataSet, column: str) -> Statistic:
    """Return the share of each value, of the top five, and Herfindahl's index.

    The index is the sum of the squared shares: 1 over the number of values where all are equal, 1 where
    one has everything; its inverse is the number of equal values that would be as concentrated.
    """
    values = dataset.examples[column].cast(pl.String).drop_nulls()
    counts = values.value_counts(name="examples").rename({column: "value"})
    table = counts.select(
        "value",
        pl.col("examples").cast(pl.Int64),
        (pl.col("examples") / max(1, len(values))).alias("share"),
    ).sort(["examples", "value"], descending=[True, False])
    herfindahl = float((table["share"] ** 2).sum())
    top = float(table["share"].head(TOP).sum())
    leader = table["value"].head(1).to_list()
    note = (
        f"{named(table.height, 'value')} of {column} in {len(values):,} examples, "
        f"{len(dataset) - len(values):,} do not say. The first {min(TOP, table.height)} hold "
        f"{percent(top)}; the first, {leader[0]}, {percent(table['share'][0])}. "
        f"Herfindahl {herfindahl:.3f}: as if {1 / herfindahl:.1f} were equal. "
        f"Gini {gini(table['examples'].to_numpy()):.3f}."
        if leader
        else f"No example says its {column}."
    )
    return Statistic(
        id="concentration",
        title=f"Concentration by {column}",
        note=note,
        table=table,
        query=select("examples", f"CAST({quoted(column)} AS VARCHAR) = {{value}}"),
        chart=Bars("value", "examples", "Examples"),
    )


def quantiles(dataset: DataSet, column: str = "income", *, by: str | None = None) -> Statistic:
    """Return the quantiles of a number, such as income, of all examples or of each group.

    Quantiles lie between neighbouring values in proportion (Hyndman and Fan's type 7).
    """
    frame = dataset.examples.select(
        pl.col(column).cast(pl.Float64, strict=False).fill_nan(None),
        (pl.lit("all") if by is None else pl.col(by).cast(pl.String)).alias("group"),
    ).drop_nulls()
    table = frame.group_by("group").agg(
        pl.len().cast(pl.Int64).alias("examples"),
        *(pl.col(column).quantile(q, interpolation="linear").alias(f"{q:.0%}") for q in QUANTILES),
    )
    table = table.sort("50%", "group")
    where = "" if by is None else f" AND CAST({quoted(by)} AS VARCHAR) = {{group}}"
    cells = frame[column]
    return Statistic(
        id="quantiles",
        title=f"Quantiles of {column}" + (f" by {by}" if by else ""),
        note=_tell_quantiles(cells, table, column, by),
        table=table,
        query=select("examples", f"{quoted(column)} IS NOT NULL{where}"),
        chart=Bars("group", "50%", f"Median {column}"),
        alarms=_gaps(cells, table, column, by),
    )


def _tell_quantiles(cells: pl.Series, table: pl.DataFrame, column: str, by: str | None) -> str:
    if cells.is_empty():
        return f"No example says its {column}."
    places = (0, 0.1, 0.5, 0.9, 1)
    least, low, middle, high, most = (float(np.quantile(cells.to_numpy(), q)) for q in places)
    told = (
        f"{column} from {least:,.6g} to {most:,.6g}, median {middle:,.4g}; "
        f"the highest tenth starts at {share(high, low):,.1f} times where the lowest ends."
    )
    if by is None or table.height < 2:
        return told
    first, last = table.row(0, named=True), table.row(-1, named=True)
    return (
        f"{told} Median from {first['50%']:,.4g} ({first['group']}) to {last['50%']:,.4g} "
        f"({last['group']})."
    )


def _gaps(cells: pl.Series, table: pl.DataFrame, column: str, by: str | None) -> tuple[str, ...]:
    """Say where nobody lies between two neighbouring values, and where groups lie far apart."""
    alarms = []
    ordered = np.sort(cells.to_numpy())
    edge = int(np.ceil(EDGE * len(ordered)))
    inner = np.unique(ordered[edge : len(ordered) - edge])
    inner = inner[inner > 0]
    if len(inner) > 1:
        steps = inner[1:] / inner[:-1]
        place = int(steps.argmax())
        if steps[place] >= WIDE_STEP:
            alarms.append(
                f"No example's {column} lies between {inner[place]:,.4g} and "
                f"{inner[place + 1]:,.4g}, a factor of {steps[place]:.1f}."
            )
    medians = table["50%"].to_list()
    if (
        by is not None
        and len(medians) > 1
        and medians[0] > 0
        and medians[-1] / medians[0] >= WIDE_GAP
    ):
        first, last = table["group"][0], table["group"][-1]
        alarms.append(
            f"The median {column} of {last} is {medians[-1] / medians[0]:,.1f} times that of {first}."
        )
    return tuple(alarms)
