"""Compared with an exhaustive search over all assignments of a few groups."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heldout.datasets.grouping import assign_groups


def distance(sizes: list[int], splits: tuple[int, ...], fractions: list[float]) -> float:
    totals = np.bincount(splits, weights=sizes, minlength=len(fractions))
    return float(((totals - np.multiply(fractions, sum(sizes))) ** 2).sum())


def assigned(sizes: list[int], fractions: list[float]) -> tuple[int, ...]:
    rows = [f"g{group}" for group, size in enumerate(sizes) for _ in range(size)]
    labels = assign_groups(rows, [None] * len(rows), fractions)
    starts = np.cumsum([0, *sizes[:-1]])
    return tuple(labels[start] for start in starts)


@given(sizes=st.lists(st.integers(1, 12), min_size=3, max_size=7))
@pytest.mark.parametrize("fractions", [[0.5, 0.5], [0.7, 0.3]])
def test_no_single_move_or_swap_would_bring_sizes_closer(
    sizes: list[int], fractions: list[float]
) -> None:
    found = assigned(sizes, fractions)
    here = distance(sizes, found, fractions)
    for one, other in product(range(len(sizes)), repeat=2):
        swapped = list(found)
        swapped[one], swapped[other] = found[other], found[one]
        assert distance(sizes, tuple(swapped), fractions) >= here - 1e-6
        moved = list(found)
        moved[one] = 1 - found[one]
        assert distance(sizes, tuple(moved), fractions) >= here - 1e-6


def test_the_best_assignment_is_found_where_groups_are_many_and_small() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        sizes = rng.integers(1, 6, 9).tolist()
        best = min(distance(sizes, splits, [0.6, 0.4]) for splits in product((0, 1), repeat=9))
        assert distance(sizes, assigned(sizes, [0.6, 0.4]), [0.6, 0.4]) == pytest.approx(best)


def test_more_groups_than_are_swapped_still_fit_by_moves() -> None:
    sizes = np.random.default_rng(1).integers(1, 6, 1000).tolist()
    found = assigned(sizes, [0.8, 0.2])
    assert distance(sizes, found, [0.8, 0.2]) <= 2
