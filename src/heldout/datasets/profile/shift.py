"""How two splits differ: column by column, and to a classifier that tries to tell them apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.annotations.schema import SPLIT
from heldout.datasets.profile.statistic import Bars, Statistic, named, select
from heldout.datasets.table import ID, MEDIA
from heldout.datasets.vectors import Vectors
from heldout.errors import MissingExtra

Floats = NDArray[np.float64]

MOST_VALUES = 100
FEW_VALUES = 20  # Texts with more different ones are no numbers.
MOST_EXAMPLES = 20_000
SURE = 0.01
FEWEST = 10
_TYPES = (pl.String, pl.String, pl.Int64, pl.Int64, pl.Int64, pl.Float64, pl.Float64)
NOTABLE = {"d": 0.2, "V": 0.1}  # Cohen's "small" effects.


def cohens_d(first: ArrayLike, second: ArrayLike) -> float:
    """Return the difference of two means over the pooled standard deviation; NaN if that is 0.

    Source: J. Cohen, "Statistical Power Analysis for the Behavioral Sciences" (1988).
    """
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if min(len(a), len(b)) < 2:
        return math.nan
    freedom = len(a) + len(b) - 2
    pooled = ((len(a) - 1) * a.var(ddof=1) + (len(b) - 1) * b.var(ddof=1)) / freedom
    return float((b.mean() - a.mean()) / math.sqrt(pooled)) if pooled > 0 else math.nan


def cramers_v(counts: ArrayLike) -> float:
    """Return the square root of chi squared over n times the smaller side less 1.

    Source: H. Cramér, "Mathematical Methods of Statistics" (1946).
    """
    table = np.asarray(counts, np.float64)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape) < 2:
        return math.nan
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    chi = ((table - expected) ** 2 / expected).sum()
    return float(math.sqrt(chi / (table.sum() * (min(table.shape) - 1))))


def split_shift(dataset: DataSet, first: str, second: str) -> Statistic:
    """Compare the columns of two splits: Cohen's d of numbers, Cramér's V of values."""
    one, two = (dataset.examples.filter(pl.col(SPLIT) == name) for name in (first, second))
    rows = []
    for name, dtype in dataset.examples.schema.items():
        if name in (ID, MEDIA, SPLIT) or dtype.is_nested():
            continue
        a, b = one[name].drop_nulls(), two[name].drop_nulls()
        if dtype.is_numeric():
            rows.append((name, "d", cohens_d(a.to_numpy(), b.to_numpy())))
        elif pl.concat([a, b]).n_unique() <= MOST_VALUES:
            rows.append((name, "V", cramers_v(_counts(a, b))))
    table = pl.DataFrame(
        rows, schema={"column": pl.String, "effect": pl.String, "size": pl.Float64}, orient="row"
    )
    table = table.sort(pl.col("size").abs().fill_nan(-1), descending=True, maintain_order=True)
    strong = [name for name, effect, size in table.rows() if abs(size) >= NOTABLE[effect]]
    return Statistic(
        id="split-shift",
        title=f"From {first} to {second}",
        note=(
            f"{named(table.height, 'column')} of {one.height:,} and {two.height:,} examples compared; "
            f"{len(strong):,} differ by at least a small effect (d 0.2, V 0.1)"
            + (f": {', '.join(strong[:5])}." if strong else ".")
        ),
        table=table,
        query=select("examples", f"{SPLIT} IN ({_text(first)}, {_text(second)})"),
        chart=Bars("column", "size", "Effect size"),
    )


def two_sample_test(first: ArrayLike, second: ArrayLike, *, seed: int) -> tuple[float, float]:
    """Return how well a classifier tells two samples apart on its unseen half, and the p-value.

    A logistic regression on standardised numbers is fitted on half of each sample; its balanced
    accuracy on the rest is 0.5 if both are of one distribution. The p-value is that of the scores
    of the two halves under Mann and Whitney's test.

    Source: D. Lopez-Paz and M. Oquab, "Revisiting classifier two-sample tests", ICLR (2017).

    Args:
        first: Numbers of shape (examples, features).
        second: As many features.
        seed: Of the halving.

    Raises:
        MissingExtra: scikit-learn is not installed.
        ValueError: A sample has fewer than four examples.
    """
    from scipy.stats import mannwhitneyu  # Loading it would be a third of a site's start.

    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise MissingExtra(feature="the two-sample test", extra="demo") from error
    rng, learn, unseen = np.random.default_rng(seed), [], []
    for sample in (np.asarray(first, np.float64), np.asarray(second, np.float64)):
        if len(sample) < 4:
            raise ValueError("each sample must have at least four examples")
        shuffled = sample[rng.permutation(len(sample))]
        learn.append(shuffled[: len(sample) // 2])
        unseen.append(shuffled[len(sample) // 2 :])
    pooled = np.concatenate(learn)
    middle, spread = pooled.mean(axis=0), pooled.std(axis=0)
    scale = np.where(spread > 0, spread, 1)
    target = np.repeat([0, 1], [len(one) for one in learn])
    model = LogisticRegression(class_weight="balanced").fit((pooled - middle) / scale, target)
    scores = [model.decision_function((one - middle) / scale) for one in unseen]
    accuracy = float(((scores[0] <= 0).mean() + (scores[1] > 0).mean()) / 2)
    return accuracy, float(mannwhitneyu(scores[1], scores[0], alternative="greater").pvalue)


def two_samples(
    dataset: DataSet, *, first: str, seed: int, vectors: Vectors | None = None
) -> Statistic:
    """Let a classifier tell each other split from the first one; see `two_sample_test`.

    Args:
        dataset: With splits.
        first: The split to compare with.
        seed: Of the halving, and of the choice of 20,000 examples from larger splits.
        vectors: What it sees, such as embeddings. Left out, it is numbers, truth values and texts of
            few values in the columns that no split lacks; a missing number is the mean and told apart.

    Raises:
        BadInput: An example has no vector.
        MissingExtra: scikit-learn is not installed.
    """
    rng, rows = np.random.default_rng(seed), []
    for other in dataset.splits:
        if other == first:
            continue
        parts = [_drawn(dataset.part(name).examples, rng) for name in (first, other)]
        samples = _seen(parts, vectors)
        numbers = samples[0].shape[1]
        enough = numbers and min(map(len, samples)) >= FEWEST
        found = two_sample_test(*samples, seed=seed) if enough else (math.nan, math.nan)
        rows.append((first, other, *map(len, samples), numbers, *found))
    names = ("first", "second", "examples", "others", "numbers", "accuracy", "p")
    table = pl.DataFrame(rows, schema=dict(zip(names, _TYPES, strict=True)), orient="row")
    return Statistic(
        id="two-sample-test",
        title="Can a classifier tell the splits apart?",
        note=" ".join(map(_tell_samples, table.rows(named=True))) or "There is one split.",
        table=table,
        query=select("examples", f"{SPLIT} IN ({{first}}, {{second}})"),
        alarms=tuple(
            f"A classifier tells {row['second']} from {row['first']} in {row['accuracy']:.1%} of unseen "
            f"cases ({_p_words(row['p'])}): they are not of one distribution."
            for row in table.filter(pl.col("p") < SURE).rows(named=True)
        ),
    )


def _drawn(examples: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    if examples.height <= MOST_EXAMPLES:
        return examples
    return examples[np.sort(rng.choice(examples.height, MOST_EXAMPLES, replace=False))]


def _seen(parts: Sequence[pl.DataFrame], vectors: Vectors | None) -> list[Floats]:
    if vectors is not None:
        return [vectors.of(part[ID].to_list()) for part in parts]
    shared = [
        name
        for name in parts[0].columns
        if all(part[name].null_count() < part.height for part in parts)
    ]
    numbers = numbers_of(pl.concat([part.select(shared) for part in parts]))
    return [numbers[: parts[0].height], numbers[parts[0].height :]]


def _p_words(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def _tell_samples(row: dict[str, Any]) -> str:
    pair = f"{row['first']} and {row['second']}"
    if math.isnan(row["p"]):
        return f"{pair} have too few examples or no numbers to be told apart by."
    return (
        f"{pair}: by {named(row['numbers'], 'number')} of each example a classifier is right in "
        f"{row['accuracy']:.1%} of unseen cases (chance: 50.0%, {_p_words(row['p'])})."
    )


def numbers_of(examples: pl.DataFrame) -> Floats:
    """Return the columns that a linear model can see, of shape (examples, numbers)."""
    found: list[pl.Series] = []
    for cells in examples:
        if cells.name in (ID, MEDIA, SPLIT) or cells.dtype.is_nested():
            continue
        if cells.dtype.is_numeric() or cells.dtype == pl.Boolean:
            values = cells.cast(pl.Float64).fill_nan(None)
            mean = values.mean()
            found += [] if mean is None else [values.fill_null(mean)]
            found += [values.is_null().cast(pl.Float64)] if values.null_count() else []
        elif cells.dtype == pl.String and 2 <= cells.n_unique() <= FEW_VALUES:
            found += [
                (cells == value).fill_null(value=False).cast(pl.Float64)
                for value in cells.drop_nulls().unique().sort()
            ]
    return np.array([one.to_numpy() for one in found], np.float64).reshape(-1, len(examples)).T


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _counts(a: pl.Series, b: pl.Series) -> list[list[int]]:
    values = pl.concat([a, b]).unique().sort()
    return [[int((cells == value).sum()) for value in values] for cells in (a, b)]
