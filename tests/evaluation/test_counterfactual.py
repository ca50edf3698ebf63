import numpy as np
import polars as pl
import pytest
from scipy.stats import binomtest, norm

from heldout.evaluation.counterfactual import Counterfactual, counterfactuals
from heldout.evaluation.data import LabelPredictions, LabelReferences, Places
from heldout.evaluation.metrics.accuracy import Accuracy


def compare(
    truth: np.ndarray, guess: np.ndarray, inputs: list, genders: list, *, replicates: int = 400
) -> list[Counterfactual]:
    n = len(truth)
    ids = pl.Series([f"x{i}" for i in range(n)])
    predictions = LabelPredictions(
        ids, np.zeros(n, dtype=bool), Places(np.arange(n), str), guess.astype(np.int32)
    )
    references = LabelReferences(ids, pl.DataFrame(), truth.astype(np.int32), ("a", "b"))
    return counterfactuals(
        Accuracy().per_example(predictions, references),
        predictions,
        pl.DataFrame({"input": inputs, "gender": genders}),
        metric=Accuracy(),
        pair="input",
        attribute="gender",
        seed=1,
        replicates=replicates,
    )


def biased(n: int, seed: int) -> tuple:
    """Sentences with "he" and with "she": right at 90 % and at 75 %, independently."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(rng.integers(0, 2, n), 2)
    right = rng.random(2 * n) < np.tile([0.9, 0.75], n)
    inputs = np.repeat(np.arange(n), 2).tolist()
    return truth, np.where(right, truth, 1 - truth), inputs, ["he", "she"] * n


def test_difference_interval_and_flips_are_those_of_the_pairs() -> None:
    truth, guess, inputs, genders = biased(500, 1)
    (found,) = compare(truth, guess, inputs, genders)
    right = (truth == guess).reshape(-1, 2)
    assert (found.first, found.second, found.n) == ("he", "she", 500)
    assert found.difference == pytest.approx(right[:, 0].mean() - right[:, 1].mean())
    differences = right[:, 0].astype(float) - right[:, 1]
    error = differences.std() / np.sqrt(500)
    assert (found.high - found.low) / 2 == pytest.approx(norm.ppf(0.975) * error, rel=0.12)
    flips = int((guess[::2] != guess[1::2]).sum())
    assert found.flipped == pytest.approx(flips / 500)
    theirs = binomtest(flips, 500).proportion_ci(method="wilson")
    assert tuple(found.flipped_interval) == pytest.approx((theirs.low, theirs.high))


def test_an_equal_score_can_hide_flips() -> None:
    truth = np.zeros(80, dtype=int)
    guess = np.tile([0, 1, 1, 0], 20)
    (found,) = compare(truth, guess, np.repeat(np.arange(40), 2).tolist(), ["he", "she"] * 40)
    assert found.difference == 0
    assert found.flipped == 1


def test_inputs_without_their_counterpart_are_left_out() -> None:
    truth = np.zeros(7, dtype=int)
    inputs, genders = [1, 1, 2, 2, 3, 4, None], ["he", "she", "he", "she", "he", "she", "he"]
    (found,) = compare(truth, truth, inputs, genders)
    assert found.n == 2
    assert (found.low, found.reason) == (
        None,
        "2 examples are too few for an interval (fewest: 10)",
    )
    assert compare(truth[:2], truth[:2], [1, 2], ["he", "she"]) == []


def test_every_two_values_are_compared() -> None:
    truth = np.zeros(36, dtype=int)
    inputs, tones = np.repeat(np.arange(12), 3).tolist(), ["dark", "light", "medium"] * 12
    found = compare(truth, truth, inputs, tones)
    assert [(one.first, one.second) for one in found] == [
        ("dark", "light"), ("dark", "medium"), ("light", "medium"),
    ]  # fmt: skip
    assert {one.flipped for one in found} == {0}
