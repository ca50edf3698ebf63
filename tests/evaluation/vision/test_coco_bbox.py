"""Boxes against pycocotools and hotcoco."""

import json
from pathlib import Path
from typing import Any

import hotcoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

SEEDS = st.integers(0, 2**32 - 1)
EXACT = {"rtol": 0, "atol": 1e-9, "equal_nan": True}


def test_the_fake_results_score_as_published(cases: Path, stats_of_files: Any) -> None:
    folder = cases / "metrics"
    case = json.loads((folder / "coco_expected.json").read_text())["fake100/bbox"]
    stats = stats_of_files(
        folder / case["gt"], folder / case["dt"], "object-detection", "coco-bbox"
    )
    np.testing.assert_allclose(stats.reduce(), case["expected"], **EXACT)


@settings(max_examples=40)
@given(seed=SEEDS, images=st.integers(1, 8), categories=st.integers(1, 4))
def test_numbers_equal_those_of_pycocotools(
    pycocotools: Any, stats_of: Any, make_problem: Any, seed: int, images: int, categories: int
) -> None:
    truth, results = make_problem(seed, images=images, categories=categories)
    ours = stats_of(truth, results, "object-detection", "coco-bbox").reduce()
    np.testing.assert_allclose(ours, pycocotools(truth, results, "bbox"), **EXACT)


def test_numbers_equal_those_of_hotcoco(
    tmp_path: Path, stats_of: Any, make_problem: Any, capfd: Any
) -> None:
    truth, results = make_problem(11, images=40, categories=5)
    gt, dt = tmp_path / "gt.json", tmp_path / "dt.json"
    gt.write_text(json.dumps(truth))
    dt.write_text(json.dumps(results))
    references = hotcoco.COCO(str(gt))
    evaluation = hotcoco.COCOeval(references, references.load_res(str(dt)), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    ours = stats_of(truth, results, "object-detection", "coco-bbox").reduce()
    np.testing.assert_allclose(ours, evaluation.stats, rtol=0, atol=1e-9)


@settings(max_examples=15)
@given(seed=SEEDS)
def test_a_weight_is_as_good_as_physical_copies_of_the_image(
    pycocotools: Any, stats_of: Any, make_problem: Any, seed: int
) -> None:
    truth, results = make_problem(seed, images=5, distinct_scores=True)
    weights = np.random.default_rng(seed).integers(0, 4, size=5)
    if not weights.any():
        weights[0] = 1
    repeated = repeat_images(truth, results, weights)
    if not repeated[1]:
        return
    ours = stats_of(truth, results, "object-detection", "coco-bbox").reduce(weights)
    np.testing.assert_allclose(ours, pycocotools(*repeated, "bbox"), **EXACT)


@settings(max_examples=8)
@given(seed=SEEDS)
def test_fractions_of_weights_change_nothing_but_the_scale(
    stats_of: Any, make_problem: Any, seed: int
) -> None:
    truth, results = make_problem(seed)
    stats = stats_of(truth, results, "object-detection", "coco-bbox")
    np.testing.assert_allclose(stats.reduce(np.full(6, 0.5)), stats.reduce(), **EXACT)


def test_many_replicates_at_once_equal_one_at_a_time(stats_of: Any, make_problem: Any) -> None:
    truth, results = make_problem(5, images=20)
    stats = stats_of(truth, results, "object-detection", "coco-bbox")
    weights = np.random.default_rng(0).integers(0, 3, size=(131, 20))
    one_by_one = [stats.reduce(row) for row in weights]
    np.testing.assert_allclose(stats.reduce(weights), one_by_one, rtol=1e-12, equal_nan=True)


def test_a_category_without_an_object_leaves_the_mean(stats_of: Any) -> None:
    box = [10, 10, 20, 20]
    truth = {
        "images": [{"id": 1}, {"id": 2}],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
        "annotations": [
            {"id": 0, "image_id": 1, "category_id": 1, "bbox": box, "area": 400, "iscrowd": 0},
            {"id": 1, "image_id": 2, "category_id": 2, "bbox": box, "area": 400, "iscrowd": 0},
        ],
    }
    results = [{"image_id": 1, "category_id": 1, "bbox": box, "score": 0.5}]
    stats = stats_of(truth, results, "object-detection", "coco-bbox")
    both, cats_only, none = stats.reduce([[1, 1], [1, 0], [0, 0]])[:, 0]
    assert (both, cats_only) == (pytest.approx(0.5), pytest.approx(1))
    assert np.isnan(none)


def test_no_detection_at_all_scores_zero(stats_of: Any, make_problem: Any) -> None:
    truth, _ = make_problem(3)
    stats = stats_of(truth, [], "object-detection", "coco-bbox")
    assert stats.reduce()[0] == 0


def test_numbers_and_curves_of_one_category_equal_those_of_pycocotools(
    pycocotools_arrays: Any, stats_of: Any, make_problem: Any
) -> None:
    truth, results = make_problem(12, images=30, categories=4)
    stats = stats_of(truth, results, "object-detection", "coco-bbox")
    found = pycocotools_arrays(truth, results, "bbox")
    per_class = stats.metric.per_class(stats)
    for category in range(3):
        precision = found["precision"][:, :, category, 0, 2]
        assert per_class[category, 0] == pytest.approx(precision.mean(), abs=1e-9)
        for threshold in range(10):
            curve = stats.metric.curve(stats, category, threshold)
            places = np.searchsorted(curve.recall, np.linspace(0, 1, 101))
            ours = np.append(curve.precision, 0)[places]
            np.testing.assert_allclose(ours, precision[threshold], atol=1e-9)
    assert np.isnan(per_class[3]).all()
    with pytest.raises(ValueError, match="no object of category 3"):
        stats.metric.curve(stats, 3)


def repeat_images(
    truth: dict[str, Any], results: list[Any], weights: Any
) -> tuple[dict[str, Any], list[Any]]:
    """Copy every image as often as its weight says, each copy beside the others."""
    images, annotations, found = [], [], []
    for image, weight in zip(truth["images"], weights, strict=True):
        for copy in range(weight):
            new = image["id"] * 10 + copy
            images.append({**image, "id": new})
            annotations += [
                {**one, "image_id": new, "id": len(annotations) + 1 + i}
                for i, one in enumerate(
                    one for one in truth["annotations"] if one["image_id"] == image["id"]
                )
            ]
            found += [{**one, "image_id": new} for one in results if one["image_id"] == image["id"]]
    return {**truth, "images": images, "annotations": annotations}, found
