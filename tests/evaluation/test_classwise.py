import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from heldout.evaluation import classwise
from heldout.evaluation.classwise import count_classes, f1, mean_of_defined, sum_by_code


@pytest.mark.parametrize("cells_per_example", [0, 1000], ids=["three passes", "one pass"])
@given(pairs=st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 4)), min_size=1))
def test_counts_are_those_of_the_confusion_matrix(cells_per_example: int, pairs: list) -> None:
    reference, prediction = np.array(pairs).T
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classwise, "CELLS_PER_EXAMPLE", cells_per_example)
        counts = count_classes(np.ones((1, len(pairs))), reference, prediction, 5)
    table = confusion_matrix(reference, prediction, labels=[-1, 0, 1, 2, 3, 4])
    assert counts.hits[0].tolist() == np.diag(table)[1:].tolist()
    assert counts.predicted[0].tolist() == table.sum(axis=0)[1:].tolist()
    assert counts.actual[0].tolist() == table.sum(axis=1)[1:].tolist()


def test_weights_are_summed_by_code_and_missing_ones_left_out() -> None:
    weights = np.array([[1.0, 2.0, 4.0, 8.0], [0.0, 1.0, 0.0, 3.0]])
    assert sum_by_code(weights, np.array([2, -1, 0, 2]), 4).tolist() == [[4, 0, 9, 0], [0, 0, 3, 0]]


def test_a_class_that_is_neither_predicted_nor_actual_has_no_f1() -> None:
    values = f1(np.array([2.0, 0.0, 0.0]), np.array([3.0, 1.0, 0.0]), np.array([2.0, 0.0, 0.0]))
    np.testing.assert_allclose(values, [0.8, 0, np.nan])
    assert mean_of_defined(values) == pytest.approx(0.4)
    assert np.isnan(mean_of_defined(np.array([np.nan, np.nan])))
