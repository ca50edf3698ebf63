"""A convolution layer written as a matrix product, as it is explained and costed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def toeplitz(kernel: ArrayLike, length: int) -> NDArray[np.float64]:
    """Return T with T @ x = the full correlation of a signal x of `length` with `kernel`.

    A layer of a network does not flip its kernel, so this is a correlation: row i holds the
    reversed kernel shifted by i, and the shape is (length + len(kernel) - 1, length).
    """
    weights = np.asarray(kernel, dtype=np.float64)[::-1]
    matrix = np.zeros((length + len(weights) - 1, length))
    for column in range(length):
        matrix[column : column + len(weights), column] = weights
    return matrix


def correlate(signal: ArrayLike, kernel: ArrayLike) -> NDArray[np.float64]:
    """Return the full correlation of two vectors as a Toeplitz matrix times the signal."""
    values = np.asarray(signal, dtype=np.float64)
    return np.asarray(toeplitz(kernel, len(values)) @ values, dtype=np.float64)
