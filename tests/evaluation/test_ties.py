import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from heldout.evaluation.ties import midranks, order_of, running_sums

few_values = st.lists(st.integers(0, 4), min_size=1, max_size=30)


@given(few_values)
def test_midranks_are_those_of_scipy(values: list[int]) -> None:
    order = order_of(np.array(values, dtype=float))
    ours = midranks(np.ones((1, len(values))), order, slice(None))
    np.testing.assert_allclose(ours[0] + 0.5, rankdata(values))


@given(few_values)
def test_an_order_counts_what_is_smaller_and_what_is_equal(values: list[int]) -> None:
    scores = np.array(values, dtype=float)
    order = order_of(scores)
    assert order.before.tolist() == [(scores < one).sum() for one in scores]
    assert order.through.tolist() == [(scores <= one).sum() for one in scores]
    assert scores[order.examples].tolist() == sorted(values)


def test_running_sums_begin_with_nothing() -> None:
    weights = np.array([[1.0, 2.0, 4.0], [0.0, 3.0, 1.0]])
    assert running_sums(weights, np.array([2, 0])).tolist() == [[0, 4, 5], [0, 1, 1]]
