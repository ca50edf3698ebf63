import pytest
from scipy.stats import binom, binomtest

from heldout.statistics.mcnemar import mcnemar

COUNTS = [(0, 0), (1, 0), (5, 0), (3, 3), (10, 25), (25, 10), (60, 41), (5000, 5200)]


@pytest.mark.parametrize(("only_first", "only_second"), COUNTS[1:])
def test_the_exact_test_is_the_binomial_test_of_scipy(only_first: int, only_second: int) -> None:
    theirs = binomtest(only_first, only_first + only_second).pvalue
    assert mcnemar(only_first, only_second).exact == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize(("only_first", "only_second"), COUNTS)
def test_mid_p_counts_half_of_what_was_observed(only_first: int, only_second: int) -> None:
    found, fewer = mcnemar(only_first, only_second), min(only_first, only_second)
    chance = binom(only_first + only_second, 0.5)
    theirs = 1.0 if only_first == only_second else 2 * chance.cdf(fewer) - chance.pmf(fewer)
    assert found.mid_p == pytest.approx(theirs)
    assert found.mid_p <= found.exact


def test_no_disagreement_is_no_evidence() -> None:
    assert mcnemar(0, 0) == (1.0, 1.0)


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        mcnemar(-1, 3)


def test_the_level_holds_where_there_is_no_difference() -> None:
    """Every outcome of 40 disagreements, weighed by its chance."""
    chances = [binom.pmf(count, 40, 0.5) for count in range(41)]
    tests = [mcnemar(count, 40 - count) for count in range(41)]
    rates = [
        sum(chance for chance, test in zip(chances, tests, strict=True) if test[side] < 0.05)
        for side in (0, 1)
    ]
    assert rates[0] <= 0.05
    assert rates[0] <= rates[1] < 0.06
