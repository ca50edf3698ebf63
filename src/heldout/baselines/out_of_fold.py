"""Probabilities of training examples by models that did not see them."""

from __future__ import annotations

import polars as pl

from heldout.baselines.entrants import SCORE, entrants_for
from heldout.baselines.features import Features
from heldout.datasets.table import ID
from heldout.errors import BadInput, MissingExtra, Problem

FOLDS = 5


def out_of_fold(name: str, features: Features, *, seed: int, folds: int = FOLDS) -> pl.DataFrame:
    """Return `example_id` and `score_<class>` of every training example.

    The training split is divided into stratified folds; the baseline is fitted on all but one and
    predicts that one.

    Args:
        name: A baseline that gives probabilities, such as `logistic-regression`.

    Raises:
        BadInput: A class has fewer examples than there are folds.
        MissingExtra: scikit-learn is not installed.
    """
    try:
        from sklearn.model_selection import StratifiedKFold, cross_val_predict
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
    except ImportError:
        raise MissingExtra(feature="out-of-fold probabilities", extra="demo") from None
    counts = pl.Series(features.targets).value_counts(name="n")
    few = counts.filter(pl.col("n") < folds)
    if few.height:
        message = f"{few.height:,} classes have fewer than {folds} examples"
        raise BadInput([Problem(f'split "{features.train}"', message, "give --probabilities")])
    (entrant,) = (one for one in entrants_for(features.task) if one.id == name)
    with threadpool_limits(limits=1):
        shares = cross_val_predict(
            entrant.build(features, seed),
            features.vectors[features.train],
            features.targets,
            cv=StratifiedKFold(folds, shuffle=True, random_state=seed),
            method="predict_proba",
        )
    known = sorted(set(features.targets.tolist()))
    columns = {f"{SCORE}{label}": shares[:, place] for place, label in enumerate(known)}
    return pl.DataFrame({ID: list(features.ids[features.train]), **columns})
