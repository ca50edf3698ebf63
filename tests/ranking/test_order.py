import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from heldout.ranking.order import shared_ranks


def test_equal_values_share_the_better_rank() -> None:
    assert shared_ranks([0.5, 0.9, 0.5, 0.1], higher_is_better=True) == [2, 1, 2, 4]
    assert shared_ranks([0.5, 0.9, 0.5, 0.1], higher_is_better=False) == [2, 4, 2, 1]


@pytest.mark.parametrize("higher_is_better", [True, False])
@pytest.mark.parametrize("nothing", [None, math.nan])
def test_a_missing_score_is_never_above_a_real_one(higher_is_better: bool, nothing) -> None:
    values = [nothing, -math.inf, 3.0, nothing, math.inf, 0.0]
    ranks = shared_ranks(values, higher_is_better=higher_is_better)
    assert ranks[0] == ranks[3] == 5
    assert sorted(ranks[i] for i in (1, 2, 4, 5)) == [1, 2, 3, 4]


@given(st.lists(st.integers(0, 5), min_size=1), st.booleans())
def test_ranks_are_those_of_scipy(values: list[int], higher_is_better: bool) -> None:
    sign = -1 if higher_is_better else 1
    theirs = rankdata([sign * value for value in values], method="min")
    assert shared_ranks(values, higher_is_better=higher_is_better) == theirs.tolist()
