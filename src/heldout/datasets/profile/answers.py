"""Answers of several annotators: whether they agree, of what kind they are, and how long."""

from __future__ import annotations

import re

import polars as pl

from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.annotations.schema import QUESTION, Kind
from heldout.datasets.profile.statistic import Bars, Statistic, named, percent, select, share
from heldout.datasets.table import ID

UNANSWERABLE = ("unanswerable", "unsuitable", "unsuitable image")
_YES_NO = ("yes", "no")
_NUMBER = r"^[-+]?\d+([.,]\d+)?$"
_WORD = re.compile(r"\w+(?:['’]\w+)*")


def _answers(annotations: pl.DataFrame) -> pl.DataFrame:
    answers = annotations.filter((pl.col("kind") == Kind.ANSWER) & pl.col("text").is_not_null())
    return answers.select(ID, pl.col("text").str.strip_chars().str.to_lowercase().alias("answer"))


def answer_agreement(dataset: DataSet) -> Statistic:
    """Return how often two annotators of one example give the same answer, case aside.

    Of k answers to an example, n_a of them a, agreeing pairs are the sum of n_a (n_a - 1) over
    k (k - 1); the mean is over the examples with at least two answers.
    """
    counts = (
        _answers(dataset.annotations).group_by(ID, "answer").agg(pl.len().cast(pl.Int64).alias("n"))
    )
    table = (
        counts.group_by(ID)
        .agg(
            pl.col("n").sum().alias("answers"),
            pl.len().cast(pl.Int64).alias("different"),
            (pl.col("n") * (pl.col("n") - 1)).sum().alias("_pairs"),
        )
        .filter(pl.col("answers") > 1)
        .select(
            ID,
            "answers",
            "different",
            (pl.col("_pairs") / (pl.col("answers") * (pl.col("answers") - 1))).alias("agreement"),
        )
        .sort("agreement", ID)
    )
    agreement = table["agreement"].to_numpy()
    note = (
        f"Two annotators of one example agree in {percent(float(agreement.mean()))} of all pairs "
        f"({len(agreement):,} examples); all agree on {int((agreement == 1).sum()):,}, no two on "
        f"{int((agreement == 0).sum()):,}."
        if len(agreement)
        else "No example has answers of two annotators."
    )
    return Statistic(
        id="answer-agreement",
        title="Agreement among annotators",
        note=note,
        table=table,
        query=select("annotations", "kind = 'answer' AND example_id = {example_id}"),
    )


def types_of_answers(annotations: pl.DataFrame) -> pl.DataFrame:
    """Return the `type` of each answered example, by its most frequent answer."""
    first = (
        _answers(annotations)
        .group_by(ID, "answer")
        .len()
        .sort(["len", "answer"], descending=[True, False])
        .group_by(ID, maintain_order=True)
        .agg(pl.col("answer").first())
    )
    kind = (
        pl.when(pl.col("answer").is_in(_YES_NO))
        .then(pl.lit("yes or no"))
        .when(pl.col("answer").is_in(UNANSWERABLE))
        .then(pl.lit("unanswerable"))
        .when(pl.col("answer").str.contains(_NUMBER))
        .then(pl.lit("number"))
        .otherwise(pl.lit("other"))
    )
    return first.select(ID, kind.alias("type"))


def answer_types(dataset: DataSet) -> Statistic:
    """Sort each example by its most frequent answer: yes or no, a number, unanswerable, other."""
    first = types_of_answers(dataset.annotations)
    table = first.group_by("type").agg(pl.len().cast(pl.Int64).alias("examples"))
    table = table.with_columns((pl.col("examples") / max(1, first.height)).alias("share"))
    unanswerable = int(table.filter(type="unanswerable")["examples"].sum())
    table = table.sort(["examples", "type"], descending=[True, False])
    return Statistic(
        id="answer-types",
        title="Types of answers",
        note=(
            f"{named(first.height, 'example')} with answers; most annotators call "
            f"{unanswerable:,} unanswerable ({percent(share(unanswerable, first.height))})."
        ),
        table=table,
        query=select("annotations", "kind = 'answer' AND text IS NOT NULL"),
        chart=Bars("type", "examples", "Examples"),
    )


def text_lengths(dataset: DataSet) -> Statistic:
    """Count words, their lengths and the vocabulary of questions, answers and captions."""
    texts = {
        str(kind): dataset.annotations.filter(pl.col("kind") == kind)["text"].drop_nulls()
        for kind in (Kind.CAPTION, Kind.ANSWER)
    }
    if QUESTION in dataset.examples.columns:
        texts = {QUESTION: dataset.examples[QUESTION].cast(pl.String).drop_nulls()} | texts
    rows = [(name, *_measure(cells)) for name, cells in texts.items() if len(cells)]
    schema = ["text", "n", "mean_words", "median_words", "most_words", "vocabulary", "once"]
    table = pl.DataFrame(rows, schema=schema, orient="row")
    return Statistic(
        id="text-lengths",
        title="Words",
        note=" ".join(
            f"{named(row['n'], row['text'])} of {row['mean_words']:.1f} words on average, "
            f"{row['vocabulary']:,} different words, {row['once']:,} of them once."
            for row in table.rows(named=True)
        )
        or "There are no texts.",
        table=table,
        query=select("annotations", "kind = {text}"),
    )


def _measure(cells: pl.Series) -> tuple[int, float, float, int, int, int]:
    words = [_WORD.findall(text.lower()) for text in cells]
    lengths = pl.Series([len(one) for one in words])
    counts = pl.Series([word for one in words for word in one], dtype=pl.String).value_counts()
    mean, median, most = lengths.to_numpy().mean(), lengths.median(), lengths.to_numpy().max()
    once = int((counts["count"] == 1).sum())
    assert isinstance(median, float)
    return len(words), float(mean), median, int(most), counts.height, once
