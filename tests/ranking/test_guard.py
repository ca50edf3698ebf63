import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heldout.ranking.guard import Thresholdout, free_ladder, ladder

SCORES = st.lists(st.integers(0, 1000).map(lambda one: one / 1000), min_size=1, max_size=30)


def ladder_of_losses(losses: list[float], step: float) -> list[float]:
    """Algorithm 1 as published, on losses: release the rounded loss if it is lower by the step."""
    released, best = [], math.inf
    for loss in losses:
        if loss < best - step:
            best = round(loss / step) * step
        released.append(best)
    return released


@given(SCORES)
def test_the_ladder_is_the_published_one_on_losses(scores: list[float]) -> None:
    """Steps of 1/128 and scores of 1/256 have no rounding of their own."""
    scores = [round(score * 256) / 256 for score in scores]
    theirs = ladder_of_losses([-score for score in scores], 1 / 128)
    told: list[float] = []
    for score in scores:
        told.append(ladder(told[-1] if told else None, score, step=1 / 128))
    assert told == [-loss for loss in theirs]


@given(SCORES)
def test_what_the_ladder_tells_never_falls_and_is_near_the_best_score(scores: list[float]) -> None:
    best = None
    for score in scores:
        told = ladder(best, score, step=0.01)
        assert best is None or told >= best
        best = told
    assert abs(best - max(scores)) <= 0.01 + 1e-9


@pytest.mark.parametrize(("step", "score"), [(0.0, 0.5), (-1.0, 0.5), (0.1, math.nan)])
def test_the_ladder_refuses_what_it_cannot_compare(step: float, score: float) -> None:
    with pytest.raises(ValueError, match="a step of"):
        ladder(0.5, score, step=step)


def test_an_improvement_within_the_standard_error_of_the_difference_is_not_told() -> None:
    """Eight wins and two losses in 100: 0.06 is more than sqrt(0.0964) / 10, one in a row less."""
    base = np.array([1.0] * 50 + [0.0] * 50)
    better, luckier = base.copy(), base.copy()
    better[50:58], better[:2] = 1, 0
    luckier[50:52], luckier[:1] = 1, 0
    first = free_ladder(None, base)
    assert first.score == 0.5
    assert free_ladder(first, luckier) is first
    assert free_ladder(first, better).score == 0.56


@given(st.integers(0, 2**32 - 1))
def test_the_free_step_is_the_standard_error_of_the_paired_t_test_of_scipy(seed: int) -> None:
    from scipy.stats import ttest_rel

    before, now = np.random.default_rng(seed).integers(2, size=(2, 40)).astype(float)
    if (before == now).all():
        return
    told = free_ladder(free_ladder(None, before), now)
    one_over_error = ttest_rel(now, before).statistic / math.sqrt(39 / 40)
    improved = bool(one_over_error > 1)
    assert (told.terms is not before) == improved or math.isclose(one_over_error, 1)


@pytest.mark.parametrize("terms", [[], [0.5, math.nan], [[1.0]]])
def test_the_free_ladder_refuses_terms_without_a_mean(terms: list) -> None:
    with pytest.raises(ValueError, match="one defined number per example"):
        free_ladder(None, terms)


def test_the_free_ladder_refuses_other_examples() -> None:
    with pytest.raises(ValueError, match="3 terms after 2"):
        free_ladder(free_ladder(None, [0, 1]), [0, 1, 1])


def test_thresholdout_tells_the_public_score_as_long_as_the_held_out_one_agrees() -> None:
    guard, rng = Thresholdout(threshold=0.1, noise=0.001, budget=2), np.random.default_rng(0)
    start = guard.start(rng)
    state, told = guard.tell(start, public=0.81, held_out=0.80, rng=rng)
    assert (state, told) == (start, 0.81)


def test_thresholdout_tells_a_noisy_held_out_score_for_each_gap_until_the_budget_is_spent() -> None:
    guard, rng = Thresholdout(threshold=0.1, noise=0.001, budget=2), np.random.default_rng(0)
    state, answers = guard.start(rng), []
    for _ in range(3):
        state, told = guard.tell(state, public=0.9, held_out=0.5, rng=rng)
        answers.append(told)
    assert answers[:2] == pytest.approx([0.5, 0.5], abs=0.02)
    assert 0.5 not in answers
    assert answers[2] is None
    assert state.left == 0


def test_the_noise_of_thresholdout_is_laplace_of_the_stated_scale() -> None:
    """Compare with the distribution of scipy."""
    from scipy.stats import kstest, laplace

    guard, rng = Thresholdout(threshold=0.1, noise=0.01), np.random.default_rng(1)
    starts = [guard.start(rng).threshold for _ in range(2000)]
    assert kstest(starts, laplace(0.1, 0.02).cdf).pvalue > 0.01
    told = [guard.tell(guard.start(rng), public=0.0, held_out=9.0, rng=rng)[1] for _ in range(2000)]
    assert kstest(told, laplace(9, 0.01).cdf).pvalue > 0.01


@pytest.mark.parametrize("wrong", [{"threshold": 0}, {"noise": 0}, {"budget": -1}])
def test_thresholdout_refuses_a_threshold_noise_or_budget_that_means_nothing(wrong: dict) -> None:
    with pytest.raises(ValueError, match="positive"):
        Thresholdout(**wrong)
