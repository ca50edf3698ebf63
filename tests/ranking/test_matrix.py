from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import ttest_rel

from heldout.errors import BadInput
from heldout.evaluation.stats import ExampleStats
from heldout.ranking.matrix import Pair, groups, normal_p_value, win_matrix

Right = Callable[..., ExampleStats]


def entries(right: Right, *shares: float, n: int = 2000) -> list[tuple[str, ExampleStats]]:
    """Entries that share the examples they find hard."""
    hard = np.random.default_rng(0).random(n)
    noise = np.random.default_rng(1).random((len(shares), n)) * 0.2
    return [
        (f"e{i}", right(hard + row < share))
        for i, (share, row) in enumerate(zip(shares, noise, strict=True))
    ]


def pair(first: str, second: str, p_value: float) -> Pair:
    return Pair(first, second, 0.1, p_value, p_value, p_value)


def test_the_p_values_are_those_of_the_paired_t_test_of_scipy(right: Right) -> None:
    """On thousands of examples both take the mean difference over its standard error as normal."""
    found = entries(right, 0.80, 0.81, 0.83)
    stats = dict(found)
    for one in win_matrix(found, seed=1, replicates=4000):
        first, second = (
            stats[name].array("terms").astype(float) for name in (one.first, one.second)
        )
        theirs = ttest_rel(first, second)
        assert one.p_value == pytest.approx(theirs.pvalue, rel=0.25, abs=0.01)
        assert one.difference == pytest.approx(first.mean() - second.mean())


def test_every_pair_is_there_once_and_adjusted_p_values_are_never_smaller(right: Right) -> None:
    found = win_matrix(entries(right, 0.7, 0.72, 0.75, 0.9), seed=1)
    assert len({(one.first, one.second) for one in found}) == 6
    for one in found:
        assert one.p_value <= one.benjamini_hochberg <= one.holm


def test_fifty_pairs_leave_a_clear_difference_clear(right: Right) -> None:
    found = win_matrix(entries(right, *[0.7] * 10, 0.9), seed=1, replicates=200)
    assert all(one.differ for one in found if one.second == "e10")


def test_an_entry_cannot_be_told_from_its_copy(right: Right) -> None:
    (_, stats), *_ = entries(right, 0.7)
    (one,) = win_matrix([("a", stats), ("b", stats)], seed=1, replicates=100)
    assert (one.difference, one.p_value, one.differ) == (0, 1, False)


def test_a_difference_without_any_spread_is_as_rare_as_resamples_tell(right: Right) -> None:
    (one,) = win_matrix(
        [("a", right([1] * 30)), ("b", right([0] * 30))], seed=1, replicates=999
    )  # fmt: skip
    assert one.p_value == pytest.approx(0.001)


def test_what_is_undefined_on_a_resample_has_no_p_value() -> None:
    assert np.isnan(normal_p_value(0.1, np.array([0.1, np.nan])))


@pytest.mark.parametrize("count", [0, 1])
def test_one_entry_has_nobody_to_be_compared_with(right: Right, count: int) -> None:
    with pytest.raises(BadInput, match="give two or more"):
        win_matrix(entries(right, 0.5)[:count], seed=1)


def test_entries_on_other_examples_are_refused(right: Right) -> None:
    with pytest.raises(BadInput, match="1 of 2 entries have other examples"):
        win_matrix([("a", right([1, 0])), ("b", right([1, 0, 1]))], seed=1)


def test_groups_are_the_longest_runs_without_a_difference() -> None:
    near = [pair(*two, 0.5) for two in pairwise("abcd")]
    far = [pair("a", "c", 0.01), pair("b", "d", 0.4), pair("a", "d", 0.001)]
    assert groups("abcd", [*near, *far]) == [("a", "b"), ("b", "c", "d")]


def test_a_difference_between_neighbours_breaks_a_run_even_where_its_ends_are_alike() -> None:
    pairs = [pair("a", "b", 0.01), pair("b", "c", 0.5), pair("c", "a", 0.5)]
    assert groups("abc", pairs) == [("a",), ("b", "c")]


def test_all_alike_are_one_group_and_all_different_are_their_own() -> None:
    alike = [pair("a", "b", 0.5)]
    assert groups("ab", alike) == [("a", "b")]
    assert groups("ab", [pair("b", "a", 0.001)]) == [("a",), ("b",)]
