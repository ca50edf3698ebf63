import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from heldout.errors import BadInput
from heldout.evaluation.metrics.accuracy import Accuracy
from heldout.evaluation.metrics.f1 import F1
from heldout.evaluation.metrics.mae import MeanAbsoluteError
from heldout.evaluation.stats import ExampleStats
from heldout.ranking.board import Entry, leaderboard
from heldout.ranking.matrix import groups, win_matrix

Right = Callable[..., ExampleStats]
START = datetime(2026, 1, 1, tzinfo=UTC)


def entry(entrant: str, stats: ExampleStats, **fields: object) -> Entry:
    value = float(stats.reduce()[0])
    given = {"value": value, "low": value - 0.1, "high": value + 0.1, "n": len(stats)}
    return Entry(entrant, **(given | {"stats": stats} | fields))


def three(right: Right) -> list[Entry]:
    """One right at 2 of 3 examples, one at 9 of 10, and one hardly behind at 7 of 8."""
    wrong = {"poor": 3, "good": 10, "fair": 8}
    return [entry(name, right(np.arange(400) % every > 0)) for name, every in wrong.items()]


def test_the_best_stands_first_and_what_is_level_with_it_is_marked(right: Right) -> None:
    rows = leaderboard(three(right), metric=Accuracy(), seed=1)
    assert [(row.rank, row.entrant) for row in rows] == [(1, "good"), (2, "fair"), (3, "poor")]
    assert [(row.rank_low, row.rank_high) for row in rows] == [(1, 2), (1, 2), (3, 3)]
    assert [row.level_with_first for row in rows] == [True, True, False]


def test_where_lower_is_better_the_lowest_stands_first(right: Right) -> None:
    errors = [
        entry(name, right(np.arange(100) < wrong, MeanAbsoluteError()))
        for name, wrong in {"poor": 80, "good": 5}.items()
    ]
    rows = leaderboard(errors, metric=MeanAbsoluteError(), seed=1)
    assert [row.entrant for row in rows] == ["good", "poor"]
    assert [(row.rank_low, row.rank_high) for row in rows] == [(1, 1), (2, 2)]


@pytest.mark.parametrize("metric", [Accuracy(), MeanAbsoluteError()])
@pytest.mark.parametrize("nothing", [None, math.nan])
def test_a_failed_score_is_last_in_either_direction(right: Right, metric, nothing) -> None:
    stats = right([1, 0] * 20, metric)
    entries = [Entry("failed", nothing), entry("real", stats)]
    rows = leaderboard(entries, metric=metric, seed=1)
    assert [(row.rank, row.entrant, row.value) for row in rows] == [
        (1, "real", 0.5),
        (2, "failed", None),
    ]
    assert (rows[0].rank_low, rows[0].rank_high) == (1, 1)
    assert (rows[1].rank_low, rows[1].rank_high, rows[1].level_with_first) == (None, None, None)


def test_ties_share_a_rank_and_stand_in_the_order_of_submission(right: Right) -> None:
    stats = right([1, 0] * 20)
    late, early = START + timedelta(days=1), START
    entries = [
        entry("late", stats, submitted_at=late),
        entry("early", stats, submitted_at=early),
        entry("worse", right([0, 0, 0, 1] * 10), submitted_at=early),
    ]
    rows = leaderboard(entries, metric=Accuracy(), seed=1)
    assert [(row.rank, row.entrant) for row in rows] == [(1, "early"), (1, "late"), (3, "worse")]


def test_a_score_without_statistics_could_be_anywhere(right: Right) -> None:
    rows = leaderboard([*three(right), Entry("foreign", 0.95)], metric=Accuracy(), seed=1)
    assert rows[0].entrant == "foreign"
    assert rows[0].rank_low is None
    assert [(row.rank_low, row.rank_high) for row in rows[1:]] == [(1, 3), (1, 3), (3, 4)]


def test_another_number_of_the_metric_can_rank() -> None:
    rows = leaderboard([Entry("a", 0.5)], metric=F1(), name="micro", seed=1)
    assert (rows[0].metric, rows[0].name) == ("f1", "micro")


@pytest.mark.parametrize(
    ("reveal", "hidden"),
    [
        ([], {"value", "n", "low", "high", "rank_low", "rank_high", "level_with_first"}),
        (["score"], {"low", "high", "rank_low", "rank_high", "level_with_first"}),
        (["interval"], {"value", "n", "low", "high"}),
        (["score", "interval", "subgroups"], set()),
    ],
)
def test_what_is_not_revealed_is_not_in_the_row(right: Right, reveal: list, hidden: set) -> None:
    for row in leaderboard(three(right), metric=Accuracy(), seed=1, reveal=reveal):
        assert {"rank", "entrant", "metric", "name"} <= row.to_dict().keys()
        assert not hidden & row.to_dict().keys()
        assert all(getattr(row, field) is None for field in hidden)


def test_the_row_has_the_keys_of_the_json_table(right: Right) -> None:
    row = leaderboard(three(right), metric=Accuracy(), seed=1)[0].to_dict()
    keys = [
        "rank",
        "rank_low",
        "rank_high",
        "entrant",
        "metric",
        "name",
        "value",
        "n",
        "low",
        "high",
    ]
    assert list(row)[: len(keys)] == keys


def test_ranges_are_left_out_without_resamples(right: Right) -> None:
    rows = leaderboard(three(right), metric=Accuracy(), seed=1, replicates=0)
    assert {row.rank_low for row in rows} == {None}


def test_a_guarded_value_stands_within_its_range(right: Right) -> None:
    """A guard may show an older value than the statistics have."""
    entries = three(right)
    held = entry("poor", entries[0].stats, value=0.95)
    rows = leaderboard([held, *entries[1:]], metric=Accuracy(), seed=1)
    assert (rows[0].entrant, rows[0].rank, rows[0].rank_low) == ("poor", 1, 1)


def test_entries_of_other_examples_are_refused(right: Right) -> None:
    entries = [entry("a", right([1, 0] * 20)), entry("b", right([1, 0] * 10))]
    with pytest.raises(BadInput, match="score them on the same examples"):
        leaderboard(entries, metric=Accuracy(), seed=1)


def test_an_empty_board_has_no_rows() -> None:
    assert leaderboard([], metric=Accuracy(), seed=1) == []


def test_entries_that_cannot_be_told_apart_share_a_group_and_the_groups_are_those_of_the_matrix(
    right: Right,
) -> None:
    rows = leaderboard(three(right), metric=Accuracy(), seed=1)
    stats = {entry.entrant: entry.stats for entry in three(right)}
    order = [row.entrant for row in rows]
    pairs = win_matrix([(name, stats[name]) for name in order], seed=1)
    theirs = groups(order, pairs)
    assert theirs
    for row in rows:
        expected = [number for number, one in enumerate(theirs, 1) if row.entrant in one]
        assert list(row.groups) == expected
    assert leaderboard(three(right), metric=Accuracy(), seed=1, replicates=0)[0].groups == ()
