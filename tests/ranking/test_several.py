import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heldout.ranking.several import standings

TABLES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=8)


def beaten(table: list[tuple[int, int]], who: int) -> float:
    """Borda by duels: one point for each entry beaten, half for a tie, on every number."""
    return sum(
        1.0 if mine > yours else 0.5
        for other, row in enumerate(table)
        if other != who
        for mine, yours in zip(table[who], row, strict=True)
        if mine >= yours
    )


@given(TABLES)
def test_borda_counts_the_duels_won_and_mean_rank_says_the_same(table: list) -> None:
    found = standings(table, higher_is_better=[True, True])
    for who, one in enumerate(found):
        assert one.borda == beaten(table, who)
        assert one.mean_rank == pytest.approx(len(table) - one.borda / 2)


@given(TABLES)
def test_an_entry_is_off_the_front_exactly_if_one_is_nowhere_worse_and_somewhere_better(
    table: list,
) -> None:
    for row, one in zip(table, standings(table, higher_is_better=[True, True]), strict=True):
        better = [other for other in table if other != row and min(np.subtract(other, row)) >= 0]
        assert one.pareto == (not better)


def test_a_number_of_which_less_is_better_counts_the_other_way() -> None:
    found = standings([[0.9, 10.0], [0.8, 5.0]], higher_is_better=[True, False])
    assert [one.mean_rank for one in found] == [1.5, 1.5]
    assert all(one.pareto for one in found)


def test_an_undefined_number_is_behind_every_other_in_either_direction() -> None:
    found = standings([[np.nan, 1.0], [0.0, 1.0]], higher_is_better=[False, True])
    assert [one.mean_rank for one in found] == [1.75, 1.25]
    assert [one.pareto for one in found] == [False, True]


def test_no_entries_have_no_standings() -> None:
    assert standings(np.empty((0, 2)), higher_is_better=[True, False]) == []


def test_as_many_directions_as_numbers_are_needed() -> None:
    with pytest.raises(ValueError, match="1 directions"):
        standings([[1, 2]], higher_is_better=[True])
