"""Out-of-fold probabilities: each example is judged by a model that did not see it."""

import numpy as np
import pytest

from heldout.baselines.features import Features
from heldout.baselines.out_of_fold import out_of_fold
from heldout.datasets.tasks import find_task
from heldout.errors import BadInput

TASK = find_task("tabular-classification")


def features(vectors, targets):
    ids = [f"e{place}" for place in range(len(targets))]
    return Features(
        task=TASK,
        classes=("cat", "dog"),
        vectors={"train": np.asarray(vectors, float)},
        ids={"train": ids},
        targets=np.array(targets, dtype=np.str_),
        train="train",
    )


def test_a_model_that_remembers_everything_knows_nothing_of_an_unseen_random_label():
    rng = np.random.default_rng(2)
    given = features(rng.normal(0, 1, (200, 40)), rng.choice(["cat", "dog"], 200))
    found = out_of_fold("nearest-neighbours", given, seed=1)
    guesses = np.where(found["score_cat"] > 0.5, "cat", "dog")
    assert 0.35 < (guesses == given.targets).mean() < 0.65
    assert found["example_id"].to_list() == given.ids["train"]
    assert (found["score_cat"] + found["score_dog"]).to_numpy() == pytest.approx(1)


def test_a_planted_wrong_label_is_contradicted():
    rng = np.random.default_rng(3)
    truth = np.array(["cat", "dog"] * 50)
    given = truth.copy()
    given[7] = "cat"
    vectors = rng.normal(0, 1, (100, 2)) + np.where(truth == "dog", 4, 0)[:, None]
    found = out_of_fold("logistic-regression", features(vectors, given), seed=1)
    assert found["score_dog"][7] > 0.9


def test_too_few_examples_of_a_class_are_refused():
    with pytest.raises(BadInput, match="1 classes have fewer than 5 examples"):
        out_of_fold("logistic-regression", features(np.eye(10), ["cat"] * 8 + ["dog"] * 2), seed=1)
