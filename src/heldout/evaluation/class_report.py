"""Precision, recall and F1 of each class of labels."""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from heldout.evaluation.classwise import f1
from heldout.evaluation.data import (
    Flags,
    LabelPredictions,
    LabelReferences,
    SetPredictions,
    SetReferences,
)
from heldout.evaluation.metric import ratio
from heldout.statistics.intervals import Interval
from heldout.statistics.proportions import wilson

Counts = NDArray[np.int64]


class ClassRow(msgspec.Struct, frozen=True):
    """How one class is told from all others.

    Attributes:
        name: The class; `class` in JSON.
        n: Examples of the class.
        predicted: Examples predicted to be of it.
        precision: The share of those predicted that are of it; None where none are predicted.
        precision_interval: By Wilson; None where undefined, or examples hang together.
        recall: The share of its examples that are predicted; None where it has none.
        recall_interval: As for the precision.
        f1: Their harmonic mean; None where the class is neither predicted nor actual.
    """

    name: str = msgspec.field(name="class")
    n: int
    predicted: int
    precision: float | None
    precision_interval: Interval | None
    recall: float | None
    recall_interval: Interval | None
    f1: float | None


def report_classes(
    predictions: LabelPredictions | SetPredictions,
    references: LabelReferences | SetReferences,
    *,
    independent: bool = True,
) -> tuple[ClassRow, ...]:
    """Return precision, recall and F1 of every class, in the order of the classes.

    A missing prediction is of no class. Precision is 0 of something or undefined: never 0 of
    nothing, as scikit-learn has it unless told otherwise.

    Args:
        predictions: Labels or sets of labels, in the order of the references.
        references: The answers.
        independent: Whether examples stand for themselves; else there are no intervals.
    """
    hits, predicted, actual = _counts(predictions, references)
    harmonic = f1(*(one.astype(np.float64) for one in (hits, predicted, actual)))
    return tuple(
        ClassRow(
            name,
            int(actual[code]),
            int(predicted[code]),
            *_share(int(hits[code]), int(predicted[code]), independent=independent),
            *_share(int(hits[code]), int(actual[code]), independent=independent),
            None if math.isnan(harmonic[code]) else float(harmonic[code]),
        )
        for code, name in enumerate(references.classes)
    )


def _counts(
    predictions: LabelPredictions | SetPredictions, references: LabelReferences | SetReferences
) -> tuple[Counts, Counts, Counts]:
    """Return hits, predictions and references per class."""
    size = len(references.classes)
    if isinstance(predictions, LabelPredictions) and isinstance(references, LabelReferences):
        guess, truth = predictions.labels, references.labels
        hit = guess[guess == truth]
        return _count(hit, size), _count(guess[guess >= 0], size), _count(truth, size)
    assert isinstance(predictions, SetPredictions)
    assert isinstance(references, SetReferences)
    if predictions.sets is None:
        raise ValueError("scores alone do not say which labels are predicted")
    found: Flags = predictions.sets & references.sets
    return found.sum(axis=0), predictions.sets.sum(axis=0), references.sets.sum(axis=0)


def _count(codes: NDArray[np.int32], size: int) -> Counts:
    return np.bincount(codes, minlength=size)[:size]


def _share(part: int, whole: int, *, independent: bool) -> tuple[float | None, Interval | None]:
    value = float(ratio(np.array(float(part)), np.array(float(whole))))
    if math.isnan(value):
        return None, None
    return value, wilson(part, whole) if independent else None
