from collections.abc import Callable

import numpy as np
from sklearn.metrics import confusion_matrix

from heldout.datasets.tasks import Family
from heldout.evaluation.confusion import Cell, count_confusions
from heldout.evaluation.data import MISSING

Make = dict[Family, Callable[..., tuple]]


def test_counts_are_those_of_scikit_learn(make: Make) -> None:
    predictions, references = make[Family.LABEL](200, 3)
    theirs = confusion_matrix(references.labels, predictions.labels)
    found = count_confusions(predictions, references)
    np.testing.assert_array_equal(found.matrix()[:, :-1], theirs)
    assert all(cell.n for cell in found.cells)


def test_missing_predictions_stand_in_a_column_of_their_own(make: Make) -> None:
    predictions, references = make[Family.LABEL](40, 3)
    predictions.labels[:7] = MISSING
    found = count_confusions(predictions, references)
    lost = np.bincount(references.labels[:7], minlength=4)
    np.testing.assert_array_equal(found.matrix()[:, -1], lost)
    assert sum(cell.n for cell in found.cells if cell.prediction is None) == 7


def test_the_most_confused_are_wrong_and_the_largest_come_first(make: Make) -> None:
    predictions, references = make[Family.LABEL](200, 3)
    matrix = confusion_matrix(references.labels, predictions.labels)
    np.fill_diagonal(matrix, 0)
    row, column = np.unravel_index(matrix.argmax(), matrix.shape)
    names = references.classes
    first, *rest = count_confusions(predictions, references).most_confused(3)
    assert first == Cell(names[row], names[column], matrix.max())
    assert [first.n, *(cell.n for cell in rest)] == sorted(matrix[matrix > 0])[::-1][:3]
