"""Compared with pycocotools, the reference implementation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco

from heldout.datasets.annotations import run_lengths

masks = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
    lambda size: arrays(np.bool_, size)
)


def encode(mask: np.ndarray) -> str:
    return coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()


@given(masks)
def test_a_mask_is_written_as_pycocotools_writes_it(mask: np.ndarray) -> None:
    assert run_lengths.text_of(run_lengths.counts_of_pixels(mask)) == encode(mask)


@given(masks)
def test_a_mask_comes_back_from_its_text(mask: np.ndarray) -> None:
    counts = run_lengths.counts_of(encode(mask))
    assert np.array_equal(run_lengths.pixels_of(counts, *mask.shape), mask)
    assert run_lengths.area_of(counts) == mask.sum()


def test_long_runs_and_falling_runs_come_back() -> None:
    counts = [0, 70_000, 5, 3, 90_000, 1, 2, 80_000]
    text = run_lengths.text_of(counts)
    assert run_lengths.counts_of(text).tolist() == counts
    size = [1, sum(counts)]
    theirs = coco.frPyObjects({"counts": counts, "size": size}, *size)
    assert theirs["counts"].decode() == text


@given(masks)
def test_the_box_holds_exactly_the_set_pixels(mask: np.ndarray) -> None:
    box = run_lengths.box_of(run_lengths.counts_of_pixels(mask), mask.shape[0])
    rows, columns = np.nonzero(mask)
    if not len(rows):
        assert box is None
    else:
        extent = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        assert box == tuple(map(float, extent))


@pytest.mark.parametrize("text", ["o", "0 1", "é", "oooooooooooooooo0", "/"])
def test_text_that_is_no_run_lengths_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="run length"):
        run_lengths.counts_of(text)
