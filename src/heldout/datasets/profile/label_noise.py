"""Labels that are probably wrong: by the posterior of several annotators, else by confident learning.

Source of confident learning: C. Northcutt, L. Jiang and I. Chuang, "Confident learning: estimating uncertainty in dataset
labels", Journal of Artificial Intelligence Research 70 (2021).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.annotations.schema import Kind
from heldout.datasets.profile.statistic import Statistic, named, percent, select, share
from heldout.datasets.table import ID
from heldout.datasets.vectors import Vectors
from heldout.errors import BadInput, Problem, did_you_mean
from heldout.statistics.dawid_skene import dawid_skene

_ROUNDING = 1e-6


def confident_joint(labels: ArrayLike, probabilities: ArrayLike) -> NDArray[np.int64]:
    """Return for each example the class it surely belongs to, or -1 where none is sure.

    A class's threshold is the mean probability of that class among the examples labelled with it. Of
    the classes whose probability reaches their threshold, the most probable one is taken.

    Args:
        labels: Numbers of the given classes, of shape (examples,).
        probabilities: By a model that has not seen the example, of shape (examples, classes).

    Raises:
        ValueError: The shapes do not fit, or rows do not sum to 1.
    """
    given, shares = np.asarray(labels, np.int64), np.asarray(probabilities, np.float64)
    if shares.ndim != 2 or len(given) != len(shares):
        raise ValueError("there must be one row of probabilities for each label")
    if not np.isfinite(shares).all() or (abs(shares.sum(axis=1) - 1) > _ROUNDING * 1000).any():
        raise ValueError("the probabilities of an example must sum to 1")
    if len(given) and not 0 <= given.min() <= given.max() < shares.shape[1]:
        raise ValueError("a label is none of the classes")
    thresholds = np.array(
        [
            shares[given == place, place].mean() if (given == place).any() else np.inf
            for place in range(shares.shape[1])
        ]
    )
    sure = shares >= thresholds - _ROUNDING
    best = np.where(sure, shares, -1).argmax(axis=1)
    return np.where(sure.any(axis=1), best, -1)


def label_noise(
    ids: Sequence[str], labels: Sequence[str], probabilities: ArrayLike, classes: Sequence[str]
) -> Statistic:
    """List the examples that surely belong to another class than their label, the surest first.

    Args:
        ids: Of the examples.
        labels: The class each was given.
        probabilities: Out of fold, of shape (examples, classes).
        classes: Names of the columns of the probabilities.

    Raises:
        ValueError: As `confident_joint`, or a label is not among the classes.
    """
    places = {name: place for place, name in enumerate(classes)}
    given = np.array([places.get(name, -1) for name in labels], np.int64)
    best = confident_joint(given, probabilities)
    shares = np.asarray(probabilities, np.float64)
    wrong = np.flatnonzero((best >= 0) & (best != given))
    margin = shares[wrong, best[wrong]] - shares[wrong, given[wrong]]
    wrong, margin = wrong[np.argsort(-margin, kind="stable")], -np.sort(-margin, kind="stable")
    table = pl.DataFrame(
        {
            ID: [ids[place] for place in wrong.tolist()],
            "label": [labels[place] for place in wrong.tolist()],
            "likely": [classes[best[place]] for place in wrong.tolist()],
            "margin": margin,
        },
        schema={ID: pl.String, "label": pl.String, "likely": pl.String, "margin": pl.Float64},
    )
    return Statistic(
        id="label-noise",
        title="Labels that are probably wrong",
        note=(
            f"{named(len(wrong), 'label')} of {len(given):,} ({percent(share(len(wrong), len(given)))}) "
            "contradict a model that never saw their example: look at them, do not change them unseen."
        ),
        table=table,
        query=select("examples", "example_id = {example_id}"),
    )


def noise_by_probabilities(dataset: DataSet, vectors: Vectors) -> Statistic:
    """Return `label_noise` of the examples that have one label and a row of probabilities.

    Args:
        dataset: With labels of whole examples.
        vectors: Out-of-fold probabilities; their columns are named like the classes.

    Raises:
        BadInput: No example has both, a label has no column, or a row does not sum to 1.
    """
    labels = _single_labels(dataset)
    known = dict.fromkeys(vectors.ids)
    labels = labels.filter(pl.col(ID).is_in(list(known)))
    problems = [
        Problem(
            vectors.name,
            f'there is no column of the class "{name}"',
            did_you_mean(name, vectors.columns),
        )
        for name in labels["category"].unique().sort()
        if name not in vectors.columns
    ]
    if labels.is_empty():
        problems = [Problem(vectors.name, "names no example that has a label here")]
    if problems:
        raise BadInput(problems)
    ids, given = labels[ID].to_list(), labels["category"].to_list()
    try:
        return label_noise(ids, given, vectors.of(ids), vectors.columns)
    except ValueError as error:
        raise BadInput([Problem(vectors.name, str(error))]) from error


def _single_labels(dataset: DataSet) -> pl.DataFrame:
    labels = dataset.annotations.filter(
        (pl.col("kind") == Kind.LABEL) & pl.col("category").is_not_null()
    )
    alone = labels.filter(pl.col("annotator").is_null())
    return (alone if alone.height else labels).unique(ID, keep="first", maintain_order=True)


def has_crowd(dataset: DataSet) -> bool:
    """Tell whether some example has labels by two annotators."""
    return _votes(dataset).group_by(ID).agg(pl.col("annotator").n_unique())["annotator"].gt(1).any()


def _votes(dataset: DataSet) -> pl.DataFrame:
    given = (pl.col("kind") == Kind.LABEL) & pl.all_horizontal(
        pl.col("category", "annotator").is_not_null()
    )
    return dataset.annotations.filter(given).select(ID, "annotator", "category")


def crowd_label_noise(dataset: DataSet) -> Statistic:
    """List the examples whose label is not the likeliest by Dawid and Skene's posterior.

    The label is the one that names no annotator; where an example has none, the most frequent of its
    annotators' labels, of several the first in the alphabet.
    """
    votes = _votes(dataset)
    ids, people, classes = (votes[name].unique().sort() for name in votes.columns)
    consensus = dawid_skene(
        *(_places(votes[own.name], own) for own in (ids, people, classes)), classes=len(classes)
    )
    beliefs = pl.DataFrame(
        {
            ID: ids,
            "likely": classes.gather(consensus.posterior.argmax(axis=1)),
            "posterior": consensus.posterior.max(axis=1),
        }
    )
    table = (
        _labels_in_use(dataset, votes)
        .join(beliefs, on=ID)
        .filter(pl.col("label") != pl.col("likely"))
        .sort(["posterior", ID], descending=[True, False])
    )
    return Statistic(
        id="crowd-label-noise",
        title="Labels that annotators contradict",
        note=(
            f"{named(len(votes), 'label')} by {named(len(people), 'annotator')}, weighed by how well each "
            f"agrees with the others: {table.height:,} of {len(ids):,} examples "
            f"({percent(share(table.height, len(ids)))}) are rather of another class than their label."
        ),
        table=table,
        query=select("annotations", "kind = 'label' AND example_id = {example_id}"),
    )


def _places(cells: pl.Series, values: pl.Series) -> NDArray[np.int64]:
    return values.search_sorted(cells).to_numpy().astype(np.int64)


def _labels_in_use(dataset: DataSet, votes: pl.DataFrame) -> pl.DataFrame:
    alone = dataset.annotations.filter(
        (pl.col("kind") == Kind.LABEL) & pl.col("annotator").is_null()
    )
    published = alone.select(ID, pl.col("category").alias("label")).drop_nulls()
    voted = (
        votes.group_by(ID, pl.col("category").alias("label"))
        .len()
        .sort(["len", "label"], descending=[True, False])
        .unique(ID, keep="first", maintain_order=True)
        .select(ID, "label")
    )
    return pl.concat([published, voted]).unique(ID, keep="first", maintain_order=True)
