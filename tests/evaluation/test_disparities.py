import numpy as np
import polars as pl
import pytest
from scipy.stats import binomtest, norm

from heldout.evaluation.disparities import Disparity, disparities, disparity
from heldout.evaluation.metrics.accuracy import Accuracy
from heldout.evaluation.metrics.mae import MeanAbsoluteError
from heldout.evaluation.stats import ExampleStats
from heldout.statistics.weights import Resampling


def measure(
    terms: np.ndarray, groups: np.ndarray, *, seed: int = 1, replicates: int = 300, **rest: object
) -> Disparity:
    metric = rest.pop("metric", Accuracy())
    ids = pl.Series(np.arange(len(terms))).cast(pl.String)
    return disparity(
        ExampleStats(metric, ids, {"terms": terms}),
        pl.DataFrame({"group": groups.astype(str)}),
        by=["group"],
        name=metric.names[0],
        resampling=Resampling(len(terms), seed=seed, replicates=replicates),
        **rest,
    )


def simulate(rates: list[float], *, n: int, seed: int) -> Disparity:
    groups = np.repeat(np.arange(len(rates)), n)
    terms = np.random.default_rng(seed).random(len(groups)) < np.array(rates)[groups]
    return measure(terms.astype(np.uint8), groups, seed=seed)


def test_values_gap_and_ratio_are_those_of_the_groups_themselves() -> None:
    terms = np.array([1] * 30 + [0] * 10 + [1] * 10 + [0] * 30, dtype=np.uint8)
    found = measure(terms, np.repeat([0, 1], 40))
    assert [one.value for one in found.groups] == [0.75, 0.25]
    assert found.worst == {"group": "1"}
    assert (found.gap.observed, found.ratio.observed) == pytest.approx((0.5, 1 / 3))


def test_the_limit_is_that_of_sidak_for_independent_groups() -> None:
    """Of six independent normal deviations, the largest passes this with a chance of 5 %."""
    groups = np.repeat(np.arange(6), 400)
    terms = np.tile(np.repeat([1, 0], 200), 6).astype(np.uint8)
    found = measure(terms, groups, replicates=3000)
    limit = norm.ppf(0.5 + 0.95 ** (1 / 6) / 2)
    for one in found.groups:
        width = (one.interval.high - one.interval.low) / 2
        assert width == pytest.approx(limit * np.sqrt(0.25 / 400), rel=0.08)


def test_equal_groups_look_unequal_and_the_corrected_gap_and_its_interval_say_so() -> None:
    found = [simulate([0.8] * 8, n=150, seed=seed) for seed in range(60)]
    observed = np.mean([one.gap.observed for one in found])
    assert np.mean([one.gap.corrected for one in found]) < 0.75 * observed
    assert sum(one.gap.interval.low == 0 for one in found) >= 54
    assert sum(one.ratio.interval.high == 1 for one in found) >= 53


def test_the_interval_of_a_true_gap_holds_it() -> None:
    found = [simulate([0.9, 0.8, 0.6, 0.85], n=200, seed=seed) for seed in range(60)]
    assert sum(one.gap.interval.low <= 0.3 <= one.gap.interval.high for one in found) >= 54
    assert sum(one.ratio.interval.low <= 2 / 3 <= one.ratio.interval.high for one in found) >= 54
    assert all(one.gap.interval.low > 0 for one in found)
    assert np.mean([one.gap.corrected for one in found]) == pytest.approx(0.3, abs=0.015)


def test_all_groups_hold_their_truth_at_once() -> None:
    rates = [0.9, 0.8, 0.6, 0.85, 0.7]
    found = [simulate(rates, n=200, seed=seed) for seed in range(60)]
    held = [
        all(
            one.interval.low <= rate <= one.interval.high
            for one, rate in zip(every.groups, rates, strict=True)
        )
        for every in found
    ]
    assert sum(held) >= 53


def test_where_less_is_better_the_worst_has_the_most() -> None:
    errors = np.repeat([1.0, 2.0], 20) + np.tile([0.0, 0.5], 20)
    found = measure(
        errors, np.repeat([0, 1], 20), metric=MeanAbsoluteError(), higher_is_better=False
    )
    assert found.worst == {"group": "1"}


def test_a_group_of_few_examples_is_named_and_left_out() -> None:
    terms = np.tile([1, 0], 25).astype(np.uint8)
    found = measure(terms, np.array([0] * 20 + [1] * 21 + [2] * 9))
    assert found.left_out == ({"group": "2"},)
    assert len(found.groups) == 2


def test_one_group_is_no_comparison() -> None:
    assert measure(np.ones(30, dtype=np.uint8), np.zeros(30)) is None


def test_a_ratio_to_nothing_is_unknown() -> None:
    terms = np.array([0] * 20 + [1, 0] * 10, dtype=np.uint8)
    assert measure(terms, np.repeat([0, 1], 20)).ratio is None


def test_every_column_and_number_is_compared_and_withheld_groups_are_left_out() -> None:
    terms = np.tile([1, 0, 1], 40).astype(np.uint8)
    ids = pl.Series(np.arange(120)).cast(pl.String)
    columns = pl.DataFrame(
        {"sex": ["w", "m"] * 60, "tone": ["rare"] * 15 + ["dark"] * 45 + ["light"] * 60}
    )
    found = disparities(
        [(Accuracy(), ExampleStats(Accuracy(), ids, {"terms": terms}))],
        columns,
        by=[["sex"], ["tone"]],
        smallest_group=20,
        protect=False,
        resampling=Resampling(120, seed=1, replicates=100),
    )
    assert [one.by for one in found] == [("sex",), ("tone",)]
    assert found[1].left_out == ({"tone": "rare"},)
    assert [one.value for one in found[1].groups] == pytest.approx(
        [terms[15:60].mean(), terms[60:].mean()]
    )
    assert all(0 <= one.interval.low <= one.interval.high <= 1 for one in found[1].groups)


def test_few_clusters_compare_nothing() -> None:
    terms = np.tile([1, 0, 1], 40).astype(np.uint8)
    stats = ExampleStats(Accuracy(), pl.Series(np.arange(120)).cast(pl.String), {"terms": terms})
    resampling = Resampling(120, seed=1, replicates=100, clusters=np.arange(120) // 20)
    columns = pl.DataFrame({"sex": ["w", "m"] * 60})
    assert disparities([(Accuracy(), stats)], columns, by=[["sex"]], resampling=resampling) == []


def test_a_group_that_is_right_throughout_is_not_certain() -> None:
    """The width of a perfect group is about that of the interval of Agresti and Coull."""
    terms = np.array([1] * 30 + [1] * 170 + [0] * 10, dtype=np.uint8)
    found = measure(terms, np.array([0] * 30 + [1] * 180))
    perfect = found.groups[0]
    low, high = binomtest(30, 30).proportion_ci(method="wilson")
    assert (perfect.value, high) == (1, 1)
    assert perfect.interval.low == pytest.approx(low, abs=0.05)
    assert found.gap.interval.low == 0
