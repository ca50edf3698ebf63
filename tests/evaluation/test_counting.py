"""Counts against scikit-learn."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, mean_absolute_error, root_mean_squared_error

from heldout.datasets.tasks import Family
from heldout.evaluation.metrics.counting import Counting


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 40))
def test_numbers_equal_those_of_scikit_learn(make, seed: int, n: int) -> None:
    predictions, references = make[Family.NUMBER](n, seed)
    predictions.values[:] = np.round(predictions.values)
    true, found = references.values, predictions.values
    expected = [
        mean_absolute_error(true, found),
        root_mean_squared_error(true, found),
        accuracy_score(true, found),
    ]
    values = Counting().per_example(predictions, references).reduce()
    np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-12)
