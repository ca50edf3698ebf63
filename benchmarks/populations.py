"""Populations with a known truth, to see how often an interval holds it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import polars as pl

from heldout.evaluation.data import (
    LabelPredictions,
    LabelReferences,
    NumberPredictions,
    NumberReferences,
    Places,
    Predictions,
    References,
    SetPredictions,
    SetReferences,
)

Drawn = tuple[Predictions, References]


class Population(NamedTuple):
    """What examples are drawn from, and the metrics that are asked of them."""

    title: str
    task: str
    metrics: tuple[str, ...]
    draw: Callable[[np.random.Generator, int], Drawn]


def _given(n: int) -> tuple[pl.Series, np.ndarray, Places]:
    return _ids(n), np.zeros(n, dtype=np.bool_), Places(np.arange(n), "row {}".format)


def _asked(n: int) -> tuple[pl.Series, pl.DataFrame]:
    return _ids(n), pl.DataFrame()


def _ids(n: int) -> pl.Series:
    return pl.Series(np.arange(n)).cast(pl.String)


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def labels(shares: list[float], *, skill: float, sharpness: float = 1.0) -> Callable[..., Drawn]:
    """One of several classes; the model sees the right logit raised by `skill`."""

    def draw(rng: np.random.Generator, n: int) -> Drawn:
        truth = rng.choice(len(shares), size=n, p=shares)
        logits = rng.normal(size=(n, len(shares))) + np.log(shares)
        logits[np.arange(n), truth] += skill
        scores = _softmax(sharpness * logits)
        names = tuple(f"class {i}" for i in range(len(shares)))
        codes = scores.argmax(axis=1).astype(np.int32)
        given = LabelPredictions(*_given(n), labels=codes, scores=scores)
        return given, LabelReferences(*_asked(n), labels=truth.astype(np.int32), names=names)

    return draw


def label_sets(shares: list[float]) -> Callable[..., Drawn]:
    """Labels that each hold or not, some of them rarely."""

    def draw(rng: np.random.Generator, n: int) -> Drawn:
        truth = rng.random((n, len(shares))) < shares
        scores = 1 / (1 + np.exp(-(rng.normal(size=truth.shape) + 3 * truth - 2)))
        names = tuple(f"label {i}" for i in range(len(shares)))
        given = SetPredictions(*_given(n), sets=scores > 0.5, scores=scores)
        return given, SetReferences(*_asked(n), sets=truth, names=names)

    return draw


def numbers(*, tail: float) -> Callable[..., Drawn]:
    """A number with an error of Student's t; small `tail` makes rare large errors."""

    def draw(rng: np.random.Generator, n: int) -> Drawn:
        truth = rng.normal(size=n)
        values = truth + 0.5 * rng.standard_t(tail, size=n)
        return (
            NumberPredictions(*_given(n), values=values),
            NumberReferences(*_asked(n), values=truth),
        )

    return draw


LABELS = (
    "accuracy", "balanced-accuracy", "f1", "kappa", "auroc", "log-loss", "brier", "ece",
)  # fmt: skip
CLASSIFY, NUMBERS = "image-classification", ("mae", "rmse", "r2", "spearman")

POPULATIONS = {
    "even": Population("5 even classes", CLASSIFY, LABELS, labels([0.2] * 5, skill=2)),
    "rare": Population(
        "5 classes, two of 4 % and 2 %",
        CLASSIFY,
        LABELS,
        labels([0.5, 0.3, 0.14, 0.04, 0.02], skill=2),
    ),
    "sure": Population(
        "2 classes, 5 % positive, too sure of itself",
        CLASSIFY,
        LABELS,
        labels([0.95, 0.05], skill=3, sharpness=2),
    ),
    "sets": Population(
        "6 labels, the rarest of 3 %",
        "multi-label-classification",
        ("f1", "mean-average-precision"),
        label_sets([0.5, 0.3, 0.2, 0.1, 0.05, 0.03]),
    ),
    "numbers": Population("errors nearly normal", "regression", NUMBERS, numbers(tail=30)),
    "tailed": Population("errors of Student's t with 6", "regression", NUMBERS, numbers(tail=6)),
}
