"""Who is taken for whom."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from heldout.evaluation.data import MISSING, LabelPredictions, LabelReferences


class Cell(NamedTuple):
    """How many examples of one class are predicted to be of another, or of the same.

    Attributes:
        reference: The true class.
        prediction: The predicted class; None where the prediction is missing.
        n: Number of examples; never 0.
    """

    reference: str
    prediction: str | None
    n: int


class Confusion(msgspec.Struct, frozen=True):
    """A confusion matrix, of which only the cells with an example are kept.

    Attributes:
        classes: In their declared order.
        cells: By reference, then by prediction, in the order of the classes; missing ones last.
    """

    classes: tuple[str, ...]
    cells: tuple[Cell, ...]

    def matrix(self) -> NDArray[np.int64]:
        """Return (classes, classes + 1) counts: a row per reference; missing predictions last."""
        place: dict[str | None, int] = {name: code for code, name in enumerate(self.classes)}
        table = np.zeros((len(self.classes), len(self.classes) + 1), dtype=np.int64)
        for cell in self.cells:
            table[place[cell.reference], place.get(cell.prediction, len(self.classes))] = cell.n
        return table

    def without(self, classes: Collection[str]) -> Confusion:
        """Return it without the rows of these classes."""
        return Confusion(
            self.classes, tuple(cell for cell in self.cells if cell.reference not in classes)
        )

    def most_confused(self, most: int = 10) -> list[Cell]:
        """Return the largest cells of wrong predictions, the largest first."""
        wrong = [cell for cell in self.cells if cell.reference != cell.prediction]
        return sorted(wrong, key=lambda cell: -cell.n)[:most]


def count_confusions(predictions: LabelPredictions, references: LabelReferences) -> Confusion:
    """Count the examples of each pair of true and predicted class."""
    classes = references.classes
    size = len(classes) + 1
    guess = np.where(predictions.labels == MISSING, len(classes), predictions.labels)
    pairs = references.labels.astype(np.int64) * size + guess
    found, counts = np.unique(pairs, return_counts=True)
    names: tuple[str | None, ...] = (*classes, None)
    return Confusion(
        tuple(classes),
        tuple(
            Cell(classes[pair // size], names[pair % size], n)
            for pair, n in zip(found.tolist(), counts.tolist(), strict=True)
        ),
    )
