import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from heldout.evaluation.ties import midranks, tied_sums

few_values = st.lists(st.integers(0, 4), min_size=1, max_size=30)


@given(few_values)
def test_midranks_are_those_of_scipy(values: list[int]) -> None:
    ours = midranks(np.ones((1, len(values))), np.array(values, dtype=float))
    np.testing.assert_allclose(ours[0] + 0.5, rankdata(values))


@given(few_values)
def test_sums_over_ties_are_counts_of_each_value(values: list[int]) -> None:
    scores = np.array(values, dtype=float)
    flags = np.arange(len(scores)) % 2 == 0
    sums = tied_sums(np.ones((1, len(scores))), scores, flags)
    found = np.unique(scores)
    assert sums.total[:, 0].tolist() == [(scores == one).sum() for one in found]
    assert sums.positive[:, 0].tolist() == [(flags & (scores == one)).sum() for one in found]
