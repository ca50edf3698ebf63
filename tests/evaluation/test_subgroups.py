from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from heldout.datasets.tasks import Family
from heldout.evaluation.metrics.accuracy import Accuracy
from heldout.evaluation.metrics.f1 import F1
from heldout.evaluation.scoring import score
from heldout.evaluation.subgroups import disaggregate

Make = dict[Family, Callable[..., tuple]]


def disaggregated(make: Make, columns: dict, by: list, *, metric=None, **options) -> list:
    metric = metric or Accuracy()
    frame = pl.DataFrame(columns)
    stats = metric.per_example(*make[Family.LABEL](len(frame), 1))
    return disaggregate(stats, frame, metric=metric, by=by, seed=1, **options)


def sized(**sizes: int) -> list[str]:
    return [name for name, size in sizes.items() for _ in range(size)]


def test_a_group_scores_as_if_it_were_alone(make: Make) -> None:
    predictions, references = make[Family.LABEL](190, 1)
    for metric in (Accuracy(), F1()):
        groups = disaggregated(make, {"ink": sized(a=70, b=120)}, ["ink"], metric=metric)
        stats = metric.per_example(predictions, references)
        alone = [stats.take(np.arange(70)).reduce(), stats.take(np.arange(70, 190)).reduce()]
        assert [one.value for one in groups] == pytest.approx(np.concatenate(alone))
        assert all(one.low <= one.value <= one.high for one in groups)
        assert [one.n for one in groups[:: len(metric.names)]] == [70, 120]


def test_an_intersection_is_named_by_both_columns(make: Make) -> None:
    columns = {"ink": ["a", "a", "b"] * 10, "slant": ["x", "y", "y"] * 10}
    groups = disaggregated(make, columns, ["ink", ["ink", "slant"]])
    assert [one.subgroup for one in groups] == [
        {"ink": "a"},
        {"ink": "b"},
        {"ink": "a", "slant": "x"},
        {"ink": "a", "slant": "y"},
        {"ink": "b", "slant": "y"},
    ]


def test_examples_without_a_value_are_a_group_of_their_own(make: Make) -> None:
    groups = disaggregated(make, {"age": [30, None, 40, None] * 5}, ["age"])
    assert [(one.subgroup["age"], one.n) for one in groups] == [
        ("(not given)", 10),
        ("30", 5),
        ("40", 5),
    ]


def test_a_small_group_is_named_but_has_no_numbers(make: Make) -> None:
    groups = disaggregated(make, {"ink": sized(a=40, b=9, c=41)}, ["ink"], smallest_group=10)
    shown = {one.subgroup["ink"]: one for one in groups}
    assert shown["b"].suppressed
    assert (shown["b"].value, shown["b"].low, shown["b"].n) == (None, None, None)
    assert shown["b"].reason == "fewer than 10 examples"
    assert not shown["a"].suppressed


def test_a_protected_group_does_not_follow_from_the_total_and_the_others(make: Make) -> None:
    sizes = sized(a=40, b=9, c=41)
    groups = disaggregated(make, {"ink": sizes}, ["ink"], smallest_group=10, protect=True)
    assert [one.suppressed for one in groups] == [True, True, False]
    assert (
        groups[0].reason
        == "withheld, because a group of fewer than 10 examples would follow from it"
    )
    pairs = sized(a=40, b=9, c=41, d=8)
    enough = disaggregated(make, {"ink": pairs}, ["ink"], smallest_group=10, protect=True)
    assert [one.suppressed for one in enough] == [False, True, False, True]


def test_nothing_is_withheld_where_no_group_is_small(make: Make) -> None:
    groups = disaggregated(
        make, {"ink": sized(a=40, b=50)}, ["ink"], smallest_group=10, protect=True
    )
    assert not any(one.suppressed for one in groups)


def test_clusters_are_drawn_together_within_a_group(make: Make) -> None:
    clusters = pl.Series(np.arange(80) // 8)
    groups = disaggregated(make, {"ink": sized(a=40, b=40)}, ["ink"], clusters=clusters)
    assert {one.reason for one in groups} == {"5 clusters are too few for an interval (fewest: 10)"}


def test_all_examples_as_one_group_score_as_the_whole(make: Make) -> None:
    (group,) = disaggregated(make, {"all": ["yes"] * 70}, ["all"])
    (whole,) = score(*make[Family.LABEL](70, 1), [Accuracy()], seed=1).scores
    assert (group.value, group.low, group.high, group.n) == (
        whole.value,
        whole.low,
        whole.high,
        whole.n,
    )
