import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heldout.evaluation import ranks as ranking
from heldout.evaluation.ranks import ranks


@given(st.data())
def test_a_rank_is_the_place_in_a_sorted_row(data: st.DataObject) -> None:
    """Sorted best first, and of equal scores the one declared later first."""
    size = data.draw(st.integers(1, 6))
    row = data.draw(st.lists(st.integers(0, 3), min_size=size, max_size=size))
    label = data.draw(st.integers(0, size - 1))
    ordered = sorted(range(size), key=lambda one: (row[one], one), reverse=True)
    found = ranks(np.array([row], dtype=float), np.array([label]))
    assert found.tolist() == [ordered.index(label)]


def test_rows_ranked_in_parts_are_all_ranked(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = np.random.default_rng(0).random((10, 4))
    labels = np.arange(10) % 4
    whole = ranks(scores, labels)
    monkeypatch.setattr(ranking, "CELLS", 12)
    assert ranking._in_parts(scores, labels).tolist() == whole.tolist()


@pytest.mark.parametrize("classes", [1, 3, 8, 9, 2500])
def test_ranks_are_those_of_comparing_every_cell(classes: int) -> None:
    rng = np.random.default_rng(classes)
    scores = rng.integers(0, 4, (200, classes)) / 4
    labels = rng.integers(0, classes, 200).astype(np.int32)
    own = np.take_along_axis(scores, labels[:, None], axis=1)
    before = (scores > own) | ((scores == own) & (np.arange(classes) > labels[:, None]))
    assert ranking._in_parts(scores, labels).tolist() == before.sum(axis=1).tolist()
    pytest.importorskip("numba")
    for kind in (np.float32, np.float64):
        assert ranks(scores.astype(kind), labels).tolist() == before.sum(axis=1).tolist()
