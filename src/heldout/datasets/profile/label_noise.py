"""Labels that are probably wrong, by confident learning on out-of-fold probabilities.

Source: C. Northcutt, L. Jiang and I. Chuang, "Confident learning: estimating uncertainty in dataset
labels", Journal of Artificial Intelligence Research 70 (2021).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from heldout.datasets.profile.statistic import Statistic, named, percent, select, share
from heldout.datasets.table import ID

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
