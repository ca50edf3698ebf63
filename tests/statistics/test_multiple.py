import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from heldout.statistics.multiple import benjamini_hochberg, holm

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def rejected_by_holm(p_values: list[float], level: float) -> list[bool]:
    """Holm's procedure as published: step down until the first that is too large."""
    rejected = [False] * len(p_values)
    for step, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[index] * (len(p_values) - step) > level:
            break
        rejected[index] = True
    return rejected


@given(P_VALUES)
def test_benjamini_and_hochberg_agree_with_scipy(p_values: list[float]) -> None:
    assert benjamini_hochberg(p_values) == pytest.approx(false_discovery_control(p_values))


@given(P_VALUES, st.floats(0.001, 0.5))
def test_adjusted_by_holm_means_rejected_by_the_published_steps(
    p_values: list[float], level: float
) -> None:
    assert (holm(p_values) <= level).tolist() == rejected_by_holm(p_values, level)


def test_worked_values_of_holm() -> None:
    """0.01 x 4, 0.02 x 3, 0.03 x 2; the last would be 0.04 and may not fall below."""
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_an_unknown_p_value_stays_unknown_and_does_not_count(adjust) -> None:
    found = adjust([0.01, np.nan, 0.04])
    assert np.isnan(found[1])
    assert found[[0, 2]] == pytest.approx(adjust([0.01, 0.04]))


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
@pytest.mark.parametrize("wrong", [-0.1, 1.1])
def test_what_is_no_p_value_is_refused(adjust, wrong: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        adjust([0.5, wrong])


def test_holm_keeps_chance_findings_at_its_level_and_looking_without_it_does_not() -> None:
    noise = np.random.default_rng(0).random((2000, 20))
    adjusted = np.array([holm(row) for row in noise])
    assert (noise < 0.05).any(axis=1).mean() > 0.6
    assert (adjusted < 0.05).any(axis=1).mean() < 0.065
