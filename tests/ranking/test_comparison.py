from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import binomtest

from heldout.errors import BadInput
from heldout.evaluation.metrics.f1 import F1
from heldout.evaluation.stats import ExampleStats
from heldout.ranking.comparison import compare

Right = Callable[..., ExampleStats]


def discordant(only_first: int, only_second: int, both: int = 300) -> tuple[list, list]:
    first = [1] * only_first + [0] * only_second + [1] * both + [0] * 100
    second = [0] * only_first + [1] * only_second + [1] * both + [0] * 100
    return first, second


@pytest.mark.parametrize("counts", [(30, 30), (40, 25), (60, 20), (25, 40)])
def test_the_p_value_is_near_that_of_mcnemar(right: Right, counts: tuple[int, int]) -> None:
    """The exact test of McNemar is the binomial test on the discordant examples."""
    first, second = map(right, discordant(*counts))
    found = compare(first, second, seed=1, replicates=4000)
    theirs = binomtest(counts[0], sum(counts)).pvalue
    assert found.p_value == pytest.approx(theirs, abs=0.06)
    assert found.difference == pytest.approx((counts[0] - counts[1]) / len(first))
    assert (found.p_value < 0.05) == (found.low > 0 or found.high < 0)


def test_an_entry_does_not_differ_from_itself(right: Right) -> None:
    stats = right([1, 0, 1] * 30)
    found = compare(stats, stats, seed=1)
    assert (found.difference, found.low, found.high, found.p_value) == (0, 0, 0, 1)


def test_swapping_the_entries_turns_the_sign(right: Right) -> None:
    first, second = map(right, discordant(40, 20))
    one, other = compare(first, second, seed=1), compare(second, first, seed=1)
    assert one.difference == -other.difference
    assert one.low == pytest.approx(-other.high)
    assert one.p_value == other.p_value


def test_the_order_of_the_examples_need_not_be_the_same(right: Right) -> None:
    first, second = map(right, discordant(40, 20))
    mixed = second.take(np.random.default_rng(0).permutation(len(second)))
    assert compare(first, mixed, seed=1) == compare(first, second, seed=1)


def test_other_examples_cannot_be_compared(right: Right) -> None:
    with pytest.raises(BadInput, match=r"scored on other examples: 30 and 20, 10 not in both"):
        compare(right([1, 0, 1] * 10), right([1, 0] * 10), seed=1)


def test_other_metrics_cannot_be_compared(right: Right) -> None:
    with pytest.raises(BadInput, match="scored with accuracy and with f1"):
        compare(right([1, 0] * 10), right([1, 0] * 10, F1()), seed=1)


def test_a_number_the_metric_does_not_give_is_refused_with_those_it_does(right: Right) -> None:
    with pytest.raises(BadInput, match='"AP50" is not one of the numbers; give accuracy'):
        compare(right([1, 0] * 10), right([1, 0] * 10), name="AP50", seed=1)


def test_no_examples_make_no_difference(right: Right) -> None:
    found = compare(right([]), right([]), seed=1)
    assert (found.difference, found.low, found.p_value) == (None, None, None)
    assert found.reason
