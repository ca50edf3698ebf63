"""Masks against pycocotools."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as pycocomask

from heldout.evaluation.vision.masks import concatenate, fill_polygons, join_masks, read_texts

SEEDS = st.integers(0, 2**32 - 1)
EXACT = {"rtol": 0, "atol": 1e-9, "equal_nan": True}
TASK = "instance-segmentation"

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def test_the_fake_results_score_as_published(cases: Path, stats_of_files: Any) -> None:
    folder = cases / "metrics"
    case = json.loads((folder / "coco_expected.json").read_text())["fake100/segm"]
    stats = stats_of_files(folder / case["gt"], folder / case["dt"], TASK, "coco-segm")
    np.testing.assert_allclose(stats.reduce(), case["expected"], **EXACT)


@given(seed=SEEDS)
@settings(max_examples=40)
def test_numbers_equal_those_of_pycocotools(
    pycocotools: Any, stats_of: Any, make_problem: Any, seed: int
) -> None:
    truth, results = make_problem(seed, with_masks=True)
    ours = stats_of(truth, results, TASK, "coco-segm").reduce()
    np.testing.assert_allclose(ours, pycocotools(truth, results, "segm"), **EXACT)


def test_a_bbox_in_the_results_decides_the_size_as_in_pycocotools(
    pycocotools: Any, stats_of: Any, make_problem: Any
) -> None:
    truth, results = make_problem(8, with_masks=True)
    boxed = [{**one, "bbox": [0.0, 0.0, 97.0, 97.0]} for one in results]
    ours = stats_of(truth, boxed, TASK, "coco-segm").reduce()
    np.testing.assert_allclose(ours, pycocotools(truth, boxed, "segm"), **EXACT)
    assert not np.allclose(ours, stats_of(truth, results, TASK, "coco-segm").reduce())


def test_boxes_are_scored_from_masks_where_the_results_have_no_boxes(
    pycocotools: Any, stats_of: Any, make_problem: Any
) -> None:
    truth, results = make_problem(8, with_masks=True)
    ours = stats_of(truth, results, TASK, "coco-bbox").reduce()
    np.testing.assert_allclose(ours, pycocotools(truth, results, "bbox"), **EXACT)


def test_runs_as_numbers_equal_runs_as_text(stats_of: Any, make_problem: Any) -> None:
    truth, results = make_problem(21, with_masks=True)
    listed = [{**one, "segmentation": as_numbers(one["segmentation"])} for one in results]
    text = stats_of(truth, results, TASK, "coco-segm").reduce()
    np.testing.assert_array_equal(stats_of(truth, listed, TASK, "coco-segm").reduce(), text)


@given(seed=SEEDS, height=st.integers(1, 50), width=st.integers(1, 50))
def test_polygons_are_filled_as_by_pycocotools(seed: int, height: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    size = np.array([width, height])
    polygons = [
        rng.random((rng.integers(3, 9), 2)) * size * 1.4 - size * 0.2
        for _ in range(rng.integers(1, 4))
    ]
    if seed % 3 == 0:
        polygons = [np.round(one) for one in polygons]
    flat = [one.ravel().tolist() for one in polygons]
    reference = pycocomask.merge(pycocomask.frPyObjects(flat, height, width))
    ours = join_masks(
        [fill_polygons(polygons, height=height, width=width)], np.array([[height, width]])
    )
    np.testing.assert_array_equal(ours.pixels(0), pycocomask.decode(reference).astype(bool))


@given(seed=SEEDS)
def test_text_area_and_box_are_read_as_by_pycocotools(seed: int) -> None:
    rng = np.random.default_rng(seed)
    images = [rng.random((int(rng.integers(1, 30)), 17)) < rng.random() for _ in range(5)]
    encoded = [pycocomask.encode(np.asfortranarray(one.astype(np.uint8))) for one in images]
    sizes = np.array([one.shape for one in images])
    masks, readable = read_texts([one["counts"] for one in encoded], sizes)
    assert readable.all()
    for row, image in enumerate(images):
        np.testing.assert_array_equal(masks.pixels(row), image)
    np.testing.assert_array_equal(masks.measure()[1], pycocomask.area(encoded))
    np.testing.assert_array_equal(masks.boxes(), pycocomask.toBbox(encoded))


def test_masks_are_taken_and_joined_row_by_row() -> None:
    images = [np.eye(3, dtype=bool), np.ones((2, 4), bool), np.zeros((5, 1), bool)]
    encoded = [pycocomask.encode(np.asfortranarray(one.astype(np.uint8))) for one in images]
    masks, _ = read_texts([one["counts"] for one in encoded], np.array([m.shape for m in images]))
    chosen = concatenate([masks[np.array([2, 0])], masks[np.array([False, True, False])]])
    for row, image in enumerate([images[2], images[0], images[1]]):
        np.testing.assert_array_equal(chosen.pixels(row), image)


@pytest.mark.parametrize("text", ["é", " ", "0P", "ooooooooo", "R"])
def test_text_that_is_no_mask_is_not_readable(text: str) -> None:
    _, readable = read_texts([text, "04"], np.array([[2, 2], [2, 2]]))
    assert readable.tolist() == [False, True]


def as_numbers(mask: dict[str, Any]) -> dict[str, Any]:
    pixels = pycocomask.decode(mask).T.ravel()
    edges = np.flatnonzero(np.diff(pixels)) + 1
    counts = np.diff([0, *edges, len(pixels)]).tolist()
    return {"size": mask["size"], "counts": ([0] if pixels[0] else []) + counts}
