import numpy as np
import pytest

from heldout.statistics.areas import newcombe


def hanley_mcneil(area: float, positives: int, negatives: int) -> float:
    """Their variance, with both sizes replaced by the mean where they enter alone."""
    pairs = (positives + negatives) / 2 - 1
    first, second = area / (2 - area) - area**2, 2 * area**2 / (1 + area) - area**2
    above = area * (1 - area) + pairs * (first + second)
    return above / (positives * negatives)


@pytest.mark.parametrize(
    ("area", "positives", "negatives"), [(0.8, 20, 60), (0.55, 7, 5), (0.99, 50, 50)]
)
def test_at_its_limits_the_standard_error_just_allows_what_was_seen(
    area: float, positives: int, negatives: int
) -> None:
    for limit in newcombe(area, positives, negatives):
        z = abs(area - float(limit)) / np.sqrt(hanley_mcneil(float(limit), positives, negatives))
        assert z == pytest.approx(1.959964, abs=1e-5)


def test_a_perfect_area_is_not_certain() -> None:
    low, high = newcombe(1.0, 10, 40)
    assert 0.75 < low < 0.95
    assert high == 1


def test_it_holds_the_truth_of_normal_scores_as_often_as_it_says() -> None:
    """15 positive examples, whose scores are 2 higher: the true area is 0.921."""
    rng = np.random.default_rng(1)
    above, below = rng.normal(2, 1, (2000, 15, 1)), rng.normal(0, 1, (2000, 1, 60))
    low, high = newcombe((above > below).mean(axis=(1, 2)), 15, 60)
    assert 0.93 < np.mean((low <= 0.92135) & (high >= 0.92135)) < 0.985


@pytest.mark.parametrize("case", [(1.2, 5, 5), (-0.1, 5, 5), (0.5, 0, 5)])
def test_what_is_not_an_area_of_examples_is_refused(case: tuple[float, int, int]) -> None:
    with pytest.raises(ValueError, match="an area between 0 and 1"):
        newcombe(*case)
