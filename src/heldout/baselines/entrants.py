"""The classical baselines, genuinely fitted: what a serious entrant has to beat.

They learn from the training split's public data alone and write the same files people submit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heldout.baselines.features import Features, Matrix, read_features
from heldout.datasets.table import ID, MEDIA
from heldout.datasets.tasks import Family, Task
from heldout.errors import BadInput, MissingExtra, Problem, did_you_mean

PREDICTION, SCORE = "prediction", "score_"

_FOLDS = 5
_NEIGHBOURS = 5


@dataclass(frozen=True, slots=True)
class Entrant:
    """One baseline.

    Attributes:
        id: Its short name.
        title: Its name on a leaderboard.
        family: The tasks it can enter.
        build: Makes an unfitted scikit-learn estimator for these features and this seed.
    """

    id: str
    title: str
    family: Family
    build: Callable[[Features, int], Any]


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A baseline that has learned.

    Attributes:
        entrant: Which one.
        features: What it learned from and can predict for.
        estimator: The fitted scikit-learn estimator.
    """

    entrant: Entrant
    features: Features
    estimator: Any

    def predict(self, split: str) -> pl.DataFrame:
        """Return a predictions table of a split: id, prediction and, where it has them, scores.

        Scores are probabilities, one column `score_<class>` per declared class in their order; a
        class that the training split lacks has 0.
        """
        vectors = self.features.vectors[split]
        columns: dict[str, Any] = {self.features.id_column: list(self.features.ids[split])}
        columns[PREDICTION] = self.estimator.predict(vectors)
        if self.features.classes and hasattr(self.estimator, "predict_proba"):
            columns |= self._scores(self.estimator.predict_proba(vectors))
        return pl.DataFrame(columns)

    def _scores(self, probabilities: Matrix) -> dict[str, NDArray[np.float64]]:
        learned = {str(name): column for column, name in enumerate(self.estimator.classes_)}
        absent = np.zeros(len(probabilities))
        return {
            f"{SCORE}{name}": probabilities[:, learned[name]] if name in learned else absent
            for name in self.features.classes
        }


def entrants_for(task: Task) -> list[Entrant]:
    """Return the baselines a task has, the weakest first."""
    return [entrant for entrant in ENTRANTS.values() if entrant.family is task.family]


def fit(name: str, features: Features, *, seed: int) -> Fitted:
    """Train one baseline.

    Raises:
        BadInput: There is no such baseline for the task; names the nearest.
        MissingExtra: scikit-learn is not installed.
    """
    known = {entrant.id: entrant for entrant in entrants_for(features.task)}
    if name not in known:
        remedy = did_you_mean(name, known) or f"there are {', '.join(known)}"
        raise BadInput([Problem("baseline", f'there is no baseline "{name}"', remedy)])
    try:
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        estimator = known[name].build(features, seed)
    except ImportError:
        raise MissingExtra(feature="training baselines", extra="demo") from None
    # Matrices this small are slower on several threads, and on one their sums have one order.
    with threadpool_limits(limits=1):
        estimator.fit(features.vectors[features.train], features.targets)
    return Fitted(known[name], features, estimator)


def fit_and_predict(
    name: str,
    *,
    data: Path,
    task: Task,
    classes: Sequence[str] | None,
    splits: Collection[str],
    seed: int,
    train: str = "train",
    id_column: str = ID,
    media_column: str = MEDIA,
) -> dict[str, pl.DataFrame]:
    """Train one baseline on the public data of a challenge; return its predictions by split.

    To train several, read the features once: `read_features`, then `fit` for each.
    """
    features = read_features(
        data,
        task=task,
        classes=classes,
        splits=splits,
        train=train,
        id_column=id_column,
        media_column=media_column,
    )
    fitted = fit(name, features, seed=seed)
    return {split: fitted.predict(split) for split in splits}


def _majority(_: Features, seed: int) -> Any:
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="prior", random_state=seed)


def _logistic_regression(_: Features, seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return _scaled(LogisticRegression(max_iter=5_000, random_state=seed))


def _nearest_neighbours(features: Features, _: int) -> Any:
    from sklearn.neighbors import KNeighborsClassifier

    return _scaled_columns(features, KNeighborsClassifier(_neighbours(features)))


def _rbf_svm(features: Features, seed: int) -> Any:
    """Return a support vector machine, with calibrated probabilities where the classes allow it."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.model_selection import StratifiedKFold
    from sklearn.svm import SVC

    machine = _scaled_columns(features, SVC(C=10, kernel="rbf", gamma="scale"))
    smallest_class = np.unique(features.targets, return_counts=True)[1].min()
    if smallest_class < _FOLDS:
        return machine
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    return CalibratedClassifierCV(machine, cv=folds, ensemble=False)


def _small_network(_: Features, seed: int) -> Any:
    from sklearn.neural_network import MLPClassifier

    return _scaled(MLPClassifier((64,), tol=1e-3, max_iter=5_000, random_state=seed))


def _mean(_: Features, __: int) -> Any:
    from sklearn.dummy import DummyRegressor

    return DummyRegressor()


def _ridge(_: Features, __: int) -> Any:
    from sklearn.linear_model import RidgeCV

    return _scaled(RidgeCV(alphas=np.logspace(-3, 3, 13)))


def _neighbours_mean(features: Features, _: int) -> Any:
    from sklearn.neighbors import KNeighborsRegressor

    return _scaled_columns(features, KNeighborsRegressor(_neighbours(features)))


def _neighbours(features: Features) -> int:
    return min(_NEIGHBOURS, len(features.targets))


def _scaled(estimator: Any) -> Any:
    """Learn from features of mean 0 and standard deviation 1."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), estimator)


def _scaled_columns(features: Features, estimator: Any) -> Any:
    """Scale columns of a table, whose units differ; pixels share theirs, so distances mean more."""
    return estimator if features.task.media == "image" else _scaled(estimator)


ENTRANTS: dict[str, Entrant] = {
    entrant.id: entrant
    for entrant in (
        Entrant("majority", "Majority class", Family.LABEL, _majority),
        Entrant("logistic-regression", "Logistic regression", Family.LABEL, _logistic_regression),
        Entrant("nearest-neighbours", "Nearest neighbours", Family.LABEL, _nearest_neighbours),
        Entrant("rbf-svm", "RBF support vectors", Family.LABEL, _rbf_svm),
        Entrant("small-network", "Small neural network", Family.LABEL, _small_network),
        Entrant("mean", "Mean of the training split", Family.NUMBER, _mean),
        Entrant("ridge", "Ridge regression", Family.NUMBER, _ridge),
        Entrant("neighbours-mean", "Mean of nearest neighbours", Family.NUMBER, _neighbours_mean),
    )
}
