from collections.abc import Callable

import numpy as np

from heldout.evaluation.metrics.mae import MeanAbsoluteError
from heldout.evaluation.stats import ExampleStats
from heldout.ranking.rank_sets import RankRange, rank_ranges, surely_higher
from heldout.statistics.weights import Resampling

Right = Callable[..., ExampleStats]


def ranges(stats: list[ExampleStats], *, higher: bool = True, **options) -> list[RankRange]:
    resampling = Resampling(len(stats[0]), seed=1, replicates=500)
    name = stats[0].metric.names[0]
    return rank_ranges(stats, name=name, higher_is_better=higher, resampling=resampling, **options)


def test_entries_far_apart_have_one_rank_each(right: Right) -> None:
    rng = np.random.default_rng(0)
    stats = [right(rng.random(1000) < share) for share in (0.5, 0.9, 0.1)]
    assert ranges(stats) == [(2, 2), (1, 1), (3, 3)]


def test_the_direction_turns_the_ranks_around(right: Right) -> None:
    rng = np.random.default_rng(0)
    stats = [right(rng.random(1000) < share, MeanAbsoluteError()) for share in (0.5, 0.9, 0.1)]
    assert ranges(stats, higher=False) == [(2, 2), (3, 3), (1, 1)]


def test_equal_entries_could_have_any_rank(right: Right) -> None:
    correct = np.arange(300) % 3 > 0
    assert ranges([right(correct)] * 4) == [(1, 4)] * 4


def test_a_small_steady_difference_is_found_where_intervals_overlap(right: Right) -> None:
    """Both are right nearly everywhere alike: only what differs counts."""
    first = np.arange(2000) % 4 > 0
    second = first.copy()
    second[np.flatnonzero(first)[:16]] = False
    assert ranges([right(first), right(second)]) == [(1, 1), (2, 2)]


def test_a_lone_entry_is_first(right: Right) -> None:
    assert ranges([right([1, 0, 1, 1] * 10)]) == [(1, 1)]


def test_an_entry_undefined_on_a_resample_is_told_apart_from_none() -> None:
    drawn = np.random.default_rng(0).normal(size=(200, 3)) / 100 + [0, 1, 2]
    drawn[7, 2] = np.nan
    flags = surely_higher(np.array([0.0, 1.0, 2.0]), drawn, confidence=0.95)
    assert flags.tolist() == [[0, 0, 0], [1, 0, 0], [0, 0, 0]]


def test_the_true_ranks_are_all_within_their_ranges_in_most_samples(right: Right) -> None:
    """Six entries, three of them truly equal: at 90 % nearly that share of samples must hold."""
    truth = np.array([0.5, 0.5, 0.5, 0.6, 0.65, 0.7])
    best = [1 + int((truth > value).sum()) for value in truth]
    worst = [6 - int((truth < value).sum()) for value in truth]
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(100):
        shared = rng.random((300, 1))
        correct = (0.6 * rng.random((300, 6)) + 0.4 * shared) < np.quantile(
            0.6 * rng.random(20_000) + 0.4 * rng.random(20_000), truth
        )
        found = ranges([right(column) for column in correct.T], confidence=0.9)
        held += all(
            one.low <= low and one.high >= high
            for one, low, high in zip(found, best, worst, strict=True)
        )
    assert held >= 84
