"""How evenly a data set is spread over its classes."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.annotations.schema import Kind
from heldout.datasets.profile.statistic import Bars, Statistic, named, percent, share
from heldout.datasets.table import ID

CLASS_KINDS = (Kind.OBJECT, Kind.SEGMENT, Kind.LABEL)
TAIL = 0.2  # Classes that together hold this share of all annotations, counted from the rarest.
FEW = 30  # A class with fewer examples has no score worth reporting.


def gini(counts: ArrayLike) -> float:
    """Return Gini's coefficient: 0 where all counts are equal, near 1 where one has everything.

    With counts x1 <= … <= xn it is 2 (1 x1 + … + n xn) / (n (x1 + … + xn)) - (n + 1) / n.

    Source: C. Gini, "Variabilità e mutabilità" (1912), in the form for sorted values.
    """
    ordered = np.sort(np.asarray(counts, np.float64))
    n, total = len(ordered), ordered.sum()
    if not total:
        return math.nan
    return float(2 * (np.arange(1, n + 1) * ordered).sum() / (n * total) - (n + 1) / n)


def effective_classes(counts: ArrayLike) -> float:
    """Return how many equal classes would be as diverse: the exponential of Shannon's entropy."""
    given = np.asarray(counts, np.float64)
    shares = given[given > 0] / given.sum() if given.sum() else given[:0]
    return float(np.exp(-(shares * np.log(shares)).sum())) if len(shares) else math.nan


def _rarest(classes: int) -> str:
    if not classes:
        return ""
    who = "class holds" if classes == 1 else f"{classes:,} classes together hold"
    return f"The rarest {who} at most {percent(TAIL)} of all annotations; "


def class_balance(dataset: DataSet) -> Statistic:
    """Count annotations and examples of each class, declared classes without any included."""
    counts = _counts(dataset)
    n = counts["annotations"].to_numpy()
    present = n[n > 0]
    smallest, largest = (int(present.min()), int(present.max())) if len(present) else (0, 0)
    cumulated = np.cumsum(np.sort(n))
    tail = int((cumulated <= TAIL * n.sum()).sum())
    empty = counts.filter(pl.col("annotations") == 0)["category"].to_list()
    few = counts.filter((pl.col("examples") < FEW) & (pl.col("examples") > 0)).height
    note = (
        f"{named(int(n.sum()), 'annotation')} of {named(len(present), 'class', 'classes')}; the "
        f"largest has {share(largest, smallest):,.1f} times as many as the smallest. Gini "
        f"{gini(present):.3f}; as diverse as {effective_classes(n):.1f} equal classes. "
        f"{_rarest(tail)}"
        f"{named(few, 'class has', 'classes have')} fewer than {FEW} examples."
    )
    alarms = (f"Declared classes without any annotation: {', '.join(empty)}.",) if empty else ()
    return Statistic(
        id="class-balance",
        title="Class balance",
        note=note,
        table=counts,
        query="SELECT * FROM annotations WHERE category = {category}",
        chart=Bars("category", "annotations", "Annotations"),
        alarms=alarms,
    )


def _counts(dataset: DataSet) -> pl.DataFrame:
    declared = pl.DataFrame(
        {"category": [one.name for one in dataset.categories]}, schema={"category": pl.String}
    )
    of_classes = dataset.annotations.filter(
        pl.col("kind").is_in(list(CLASS_KINDS)) & pl.col("category").is_not_null()
    )
    found = of_classes.group_by("category").agg(
        pl.len().cast(pl.Int64).alias("annotations"),
        pl.col(ID).n_unique().cast(pl.Int64).alias("examples"),
    )
    counted = found.join(declared, on="category", how="full", coalesce=True)
    return (
        counted.with_columns(pl.col("annotations", "examples").fill_null(0))
        .with_columns(
            (pl.col("annotations") / pl.col("annotations").sum()).alias("share"),
        )
        .sort(["annotations", "category"], descending=[True, False])
    )
