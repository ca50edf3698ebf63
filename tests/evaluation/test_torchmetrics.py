"""Classification and regression against torchmetrics, which computes them another way."""

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heldout.datasets.tasks import Family, find_task
from heldout.evaluation.registry import find_metric

Make = dict[Family, Callable[..., tuple[Any, Any]]]
Oracle = Callable[[Any, Any, Any, Any], Any]
FOUR = {"num_classes": 4}
SINGLE = 2e-6  # It keeps its counts and sums in single precision.

# What it calls the number, of the module, references, labels and probabilities.
LABELS: dict[str, Oracle] = {
    "accuracy": lambda tm, y, p, s: [tm.multiclass_accuracy(p, y, average="micro", **FOUR)],
    "balanced-accuracy": lambda tm, y, p, s: [tm.multiclass_accuracy(p, y, **FOUR)],
    "f1": lambda tm, y, p, s: [
        tm.multiclass_f1_score(p, y, average=how, **FOUR) for how in ("macro", "micro")
    ],
    "kappa": lambda tm, y, p, s: [tm.multiclass_cohen_kappa(p, y, **FOUR)],
    "kappa:weights=quadratic": lambda tm, y, p, s: [
        tm.multiclass_cohen_kappa(p, y, weights="quadratic", **FOUR)
    ],
    "top-k:k=2": lambda tm, y, p, s: [
        tm.multiclass_accuracy(s, y, top_k=2, average="micro", **FOUR)
    ],
    "ece": lambda tm, y, p, s: [tm.multiclass_calibration_error(s, y, n_bins=15, **FOUR)],
    "auroc": lambda tm, y, p, s: [tm.multiclass_auroc(s, y, **FOUR)],
}
NUMBERS: dict[str, Oracle] = {
    "mae": lambda tm, y, p, _: [tm.mean_absolute_error(p, y)],
    "rmse": lambda tm, y, p, _: [tm.mean_squared_error(p, y, squared=False)],
    "r2": lambda tm, y, p, _: [tm.r2_score(p, y)],
    "spearman": lambda tm, y, p, _: [tm.spearman_corrcoef(p, y)],
}


@pytest.fixture(scope="module")
def functional() -> ModuleType:
    """Imported late: torch takes seconds."""
    return pytest.importorskip("torchmetrics.functional")


def numbers_of(spec: str, task: str, case: tuple[Any, Any]) -> Any:
    return find_metric(spec, task=find_task(task)).per_example(*case).reduce()


def without_ties(predictions: Any, references: Any, seed: int) -> tuple[Any, Any]:
    """Move every probability a little: at ties the two order classes differently."""
    moved = predictions.scores + np.random.default_rng(seed).random(predictions.scores.shape) / 50
    scores = moved / moved.sum(axis=1, keepdims=True)
    ranked = np.argsort(-scores, axis=1).astype(np.int32)
    return replace(predictions, scores=scores, ranked=ranked, labels=ranked[:, 0]), references


@settings(max_examples=2)
@given(seed=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize("spec", LABELS)
def test_label_metrics_are_those_of_torchmetrics(
    make: Make, functional: Any, spec: str, seed: int
) -> None:
    from torch import from_numpy

    predictions, references = without_ties(*make[Family.LABEL](200, seed), seed)
    columns = references.labels.astype(np.int64), predictions.labels.astype(np.int64)
    tensors = [from_numpy(one) for one in (*columns, predictions.scores)]
    theirs = LABELS[spec](functional.classification, *tensors)
    ours = numbers_of(spec, "image-classification", (predictions, references))
    assert ours == pytest.approx(list(map(float, theirs)), abs=SINGLE)


@settings(max_examples=2)
@given(seed=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize("spec", NUMBERS)
def test_number_metrics_are_those_of_torchmetrics(
    make: Make, functional: Any, spec: str, seed: int
) -> None:
    from torch import from_numpy

    predictions, references = make[Family.NUMBER](50, seed)
    truth, guesses = from_numpy(references.values), from_numpy(predictions.values)
    theirs = NUMBERS[spec](functional, truth, guesses, None)
    ours = numbers_of(spec, "regression", (predictions, references))
    assert ours == pytest.approx(list(map(float, theirs)), abs=SINGLE)
