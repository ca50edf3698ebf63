"""Which classes stand together in an example more, or less, often than chance would put them."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.profile.balance import CLASS_KINDS
from heldout.datasets.profile.statistic import Statistic, named
from heldout.datasets.table import ID
from heldout.statistics.multiple import benjamini_hochberg

MOST_CLASSES = 400  # 79,800 pairs; with more classes the most frequent ones are compared.
LEVEL = 0.05


def cooccurrence(dataset: DataSet) -> Statistic:
    """Compare each pair of classes with independence, all pairs corrected together.

    Lift is the number of examples with both, over the number expected: n_a n_b / n.
    """
    names, presence = _presence(dataset)
    together = presence.T @ presence
    first, second = np.triu_indices(len(names), k=1)
    both, n = together[first, second], len(dataset)
    alone = np.diag(together)
    expected = alone[first] * alone[second] / max(1, n)
    p_values = chance_of(both, alone[first], alone[second], n)
    table = pl.DataFrame(
        {
            "first": [names[place] for place in first],
            "second": [names[place] for place in second],
            "examples": both.astype(np.int64),
            "expected": expected,
            "lift": both / np.where(expected > 0, expected, np.nan),
            "p": p_values,
            "q": benjamini_hochberg(p_values),
        },
        schema_overrides={"first": pl.String, "second": pl.String},
    ).sort(["q", "first", "second"])
    found = table.filter(pl.col("q") < LEVEL)
    return Statistic(
        id="co-occurrence",
        title="Classes that stand together",
        note=_tell(table, found),
        table=table,
        query=(
            "SELECT * FROM examples WHERE example_id IN (SELECT example_id FROM annotations WHERE "
            "category = {first}) AND example_id IN (SELECT example_id FROM annotations WHERE "
            "category = {second})"
        ),
    )


def chance_of(both: ArrayLike, first: ArrayLike, second: ArrayLike, n: int) -> NDArray[np.float64]:
    """Return twice the smaller tail of the hypergeometric distribution, at most 1.

    Args:
        both: Examples with both classes.
        first: Examples with the first class; likewise `second`.
        n: All examples.
    """
    from scipy.stats import hypergeom

    law = hypergeom(n, np.asarray(first), np.asarray(second))
    upper, lower = law.sf(np.asarray(both) - 1), law.cdf(np.asarray(both))
    p_values: NDArray[np.float64] = np.clip(2 * np.minimum(upper, lower), 0, 1)
    return p_values


def _presence(dataset: DataSet) -> tuple[list[str], NDArray[np.int64]]:
    """Return the classes and a matrix of (examples that have any, classes) of 0 and 1."""
    pairs = (
        dataset.annotations.filter(
            pl.col("kind").is_in(list(CLASS_KINDS)) & pl.col("category").is_not_null()
        )
        .select(ID, "category")
        .unique()
    )
    counts = pairs.group_by("category").len().sort(["len", "category"], descending=[True, False])
    names: list[str] = counts["category"].head(MOST_CLASSES).to_list()
    pairs = pairs.filter(pl.col("category").is_in(names))
    rows = pairs[ID].rank("dense").cast(pl.Int64).to_numpy() - 1
    places = {name: place for place, name in enumerate(names)}
    columns = np.array([places[name] for name in pairs["category"]], np.int64)
    presence = np.zeros((int(rows.max()) + 1 if len(rows) else 0, len(names)), np.float32)
    presence[rows, columns] = 1
    return names, presence.astype(np.float64)


def _tell(table: pl.DataFrame, found: pl.DataFrame) -> str:
    pairs = named(table.height, "pair of classes was", "pairs of classes were")
    if found.is_empty():
        return f"{pairs} compared; none stands together beyond chance."
    more = int((found["lift"] > 1).sum())
    top = found.row(0, named=True)
    return (
        f"{pairs} compared: {more:,} stand together more often and {found.height - more:,} less "
        f"often than chance (at most {LEVEL:.0%} of these expected to be false). Surest: "
        f"{top['first']} and {top['second']}, {top['examples']:,} examples where "
        f"{top['expected']:.1f} were expected."
    )
