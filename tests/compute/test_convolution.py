"""A convolution as a Toeplitz product, compared with numpy."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from heldout.compute.convolution import correlate, toeplitz

numbers = st.lists(st.integers(-9, 9), min_size=1, max_size=12)


def test_the_lecture_example_keeps_the_lecture_order():
    assert correlate([1, 2, 3, 4, 5], [2, 3, 5]).tolist() == [5, 13, 23, 33, 43, 23, 10]


@given(numbers, numbers)
def test_it_is_the_full_correlation_of_numpy(signal, kernel):
    expected = np.convolve(signal, kernel[::-1])
    assert np.array_equal(correlate(signal, kernel), expected)


def test_the_matrix_is_constant_along_its_diagonals():
    matrix = toeplitz([2, 3, 5], 5)
    assert matrix.shape == (7, 5)
    assert np.array_equal(matrix[1:, 1:], matrix[:-1, :-1])
