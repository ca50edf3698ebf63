from collections import OrderedDict

import numpy as np
import pytest

from heldout.statistics import drawn


def expected(seed: int, units: int, replicates: range) -> np.ndarray:
    """Straight from the definition."""
    rows = [np.random.default_rng((seed, r)).integers(units, size=units) for r in replicates]
    return np.array([[(row == unit).sum() for unit in range(units)] for row in rows])


@pytest.mark.parametrize("largest", [0, 1 << 24], ids=["drawn each time", "kept"])
def test_counts_are_those_of_the_definition_whether_kept_or_not(monkeypatch, largest) -> None:
    monkeypatch.setattr(drawn, "LARGEST_BYTES", largest)
    for _ in range(2):
        found = drawn.counts(11, 7, 30, 20, 40)
        np.testing.assert_array_equal(found, expected(11, 7, range(20, 30)))


def test_what_is_asked_for_again_is_not_drawn_again(monkeypatch) -> None:
    drawn.counts(12, 5, 4, 0, 4)
    monkeypatch.setattr(drawn, "_draw", None)
    assert drawn.counts(12, 5, 4, 2, 4).shape == (2, 5)


def test_what_is_kept_is_bounded(monkeypatch) -> None:
    monkeypatch.setattr(drawn, "MOST_BYTES", 1000)
    monkeypatch.setattr(drawn, "_kept", OrderedDict())
    for seed in range(5):
        drawn.counts(seed, 40, 10, 0, 10)
    assert [key[0] for key in drawn._kept] == [3, 4]


def test_a_count_beyond_a_byte_is_still_right(monkeypatch) -> None:
    monkeypatch.setattr(drawn, "_draw", lambda seed, units, replicate: np.array([300, 0]))
    np.testing.assert_array_equal(drawn.counts(13, 2, 2, 0, 2), [[300, 0], [300, 0]])
