"""Accuracies are scikit-learn's, on answers the baselines never saw."""

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import accuracy_score, mean_absolute_error

from heldout.baselines.entrants import ENTRANTS, entrants_for, fit, fit_and_predict
from heldout.baselines.features import Features, read_features
from heldout.datasets.tasks import Family, find_task
from heldout.datasets.writers import write_table
from heldout.errors import BadInput, MissingExtra
from heldout.evaluation.reading import Expected, read_predictions

DIGITS = tuple("0123456789")
IMAGES = find_task("image-classification")
SPLITS = ("val", "test")
FEWEST_RIGHT = {
    "majority": 0.0,
    "logistic-regression": 0.93,
    "nearest-neighbours": 0.96,
    "rbf-svm": 0.97,
    "small-network": 0.94,
}


@pytest.fixture(scope="session")
def digits(published) -> Features:
    return read_features(published.data, task=IMAGES, classes=DIGITS, splits=SPLITS)


@pytest.fixture(scope="session")
def predicted(digits: Features) -> Callable[[str, str], pl.DataFrame]:
    """Predictions of an entrant for a split; each entrant is trained once."""
    trained = cache(lambda name: fit(name, digits, seed=3))
    return lambda name, split: trained(name).predict(split)


def accuracy(table: pl.DataFrame, answers: pl.DataFrame) -> float:
    joined = answers.join(table, on="example_id", validate="1:1")
    assert joined.height == answers.height
    return accuracy_score(joined["reference"].to_list(), joined["prediction"].to_list())


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("name", FEWEST_RIGHT)
def test_a_baseline_is_as_good_as_it_is_known_to_be(published, predicted, name, split) -> None:
    found = accuracy(predicted(name, split), published.answers[split])
    majority = accuracy(predicted("majority", split), published.answers[split])
    assert majority < 0.15
    assert found >= FEWEST_RIGHT[name]


@pytest.mark.parametrize("name", FEWEST_RIGHT)
def test_what_a_baseline_writes_is_a_valid_submission(published, predicted, name, tmp_path) -> None:
    write_table(predicted(name, "test"), tmp_path / "p.csv")
    expected = Expected(tuple(published.answers["test"]["example_id"]), DIGITS)
    read = read_predictions(tmp_path / "p.csv", task=IMAGES, expected=expected)
    assert not read.missing.any()
    assert read.scores.shape == (len(published.answers["test"]), 10)
    np.testing.assert_allclose(read.scores.sum(axis=1), 1)


@pytest.mark.parametrize("name", FEWEST_RIGHT)
def test_the_prediction_is_the_class_of_the_highest_score(predicted, name) -> None:
    table = predicted(name, "val")
    scores = table.select(f"score_{digit}" for digit in DIGITS).to_numpy()
    assert table["prediction"].to_list() == [DIGITS[best] for best in scores.argmax(axis=1)]


@pytest.mark.parametrize("name", FEWEST_RIGHT)
def test_the_same_seed_gives_the_same_predictions(published, predicted, name) -> None:
    again = fit_and_predict(
        name, data=published.data, task=IMAGES, classes=DIGITS, splits=["val"], seed=3
    )
    assert again["val"].equals(predicted(name, "val"))


def test_an_unknown_baseline_is_met_with_the_nearest(digits: Features) -> None:
    with pytest.raises(BadInput, match='no baseline "rbf-smv"; did you mean "rbf-svm"'):
        fit("rbf-smv", digits, seed=0)


def write_houses(folder: Path, rows: int = 300) -> dict[str, pl.DataFrame]:
    """A table challenge: price from size, age (sometimes unknown) and district."""
    rng = np.random.default_rng(0)
    district = rng.choice(["north", "south"], rows)
    size = rng.uniform(30, 200, rows)
    price = 3 * size + 100 * (district == "north") + rng.normal(0, 5, rows)
    frame = pl.DataFrame(
        {
            "key": [f"h{row}" for row in range(rows)],
            "reference": price,
            "size": size,
            "age": [None if row % 7 == 0 else row for row in range(rows)],
            "district": district,
        }
    )
    parts = {"train": frame[:200], "test": frame[200:]}
    write_table(parts["train"], folder / "train.csv")
    write_table(parts["test"].drop("reference"), folder / "test.csv")
    return parts


def test_regression_baselines_learn_from_numbers_and_categories(tmp_path: Path) -> None:
    parts = write_houses(tmp_path)
    task = find_task("regression")
    features = read_features(tmp_path, task=task, classes=None, splits=["test"], id_column="key")
    errors = {}
    for entrant in entrants_for(task):
        predicted = fit(entrant.id, features, seed=0).predict("test")
        assert predicted.columns == ["key", "prediction"]
        errors[entrant.id] = mean_absolute_error(
            parts["test"]["reference"].to_list(), predicted["prediction"].to_list()
        )
    assert errors["ridge"] < 6
    assert errors["neighbours-mean"] < errors["mean"] / 3


def test_classes_too_small_to_calibrate_get_labels_without_scores(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"example_id": list("abcdef"), "reference": ["x", "y"] * 3, "size": [1.0, 9, 2, 8, 1, 9]}
    )
    write_table(frame, tmp_path / "train.jsonl")
    task = find_task("tabular-classification")
    predicted = fit_and_predict(
        "rbf-svm", data=tmp_path, task=task, classes=["x", "y", "z"], splits=["train"], seed=0
    )["train"]
    assert predicted.columns == ["example_id", "prediction"]
    assert predicted["prediction"].to_list() == frame["reference"].to_list()
    scored = fit_and_predict(
        "majority", data=tmp_path, task=task, classes=["x", "y", "z"], splits=["train"], seed=0
    )["train"]
    assert scored["score_z"].to_list() == [0.0] * 6


def test_the_public_names_are_one_for_each_baseline() -> None:
    assert len({entrant.title for entrant in ENTRANTS.values()}) == len(ENTRANTS)
    assert {entrant.family for entrant in ENTRANTS.values()} == {Family.LABEL, Family.NUMBER}


def test_without_scikit_learn_the_way_out_is_named(
    digits: Features, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.dummy", None)
    with pytest.raises(MissingExtra, match=r"pip install 'heldout\[demo\]'"):
        fit("majority", digits, seed=0)
