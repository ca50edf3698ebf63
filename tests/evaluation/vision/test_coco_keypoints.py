"""Poses against pycocotools."""

import contextlib
import copy
import io
from typing import Any

import faster_coco_eval
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heldout.datasets.tasks import find_task
from heldout.errors import BadInput
from heldout.evaluation.registry import find_metric

EXACT = {"rtol": 0, "atol": 1e-9, "equal_nan": True}
KINDS = 17


@given(seed=st.integers(0, 2**32 - 1), boxed=st.booleans())
@settings(max_examples=30)
def test_numbers_equal_those_of_pycocotools(
    pycocotools: Any, stats_of: Any, seed: int, boxed: bool
) -> None:
    truth, results = make_poses(seed, boxed=boxed)
    ours = stats_of(truth, results, "keypoints", "coco-keypoints").reduce()
    np.testing.assert_allclose(ours, pycocotools(truth, results, "keypoints"), **EXACT)


def test_other_skeletons_than_a_persons_are_refused(stats_of: Any) -> None:
    from heldout.evaluation.vision.objects import Detections, ObjectPredictions

    detections = Detections(
        image=np.zeros(1, np.int32),
        category=np.zeros(1, np.int32),
        area=np.ones(1),
        score=np.ones(1),
        keypoints=np.ones((1, 5, 3)),
    )
    predictions = ObjectPredictions(None, np.zeros(1, bool), None, detections=detections)  # type: ignore[arg-type]
    metric = find_metric("coco-keypoints", task=find_task("keypoints"))
    assert "17 keypoints of a person, not 5" in str(next(iter(metric.unmet(predictions))))


def test_ground_truth_of_boxes_is_refused_as_ground_truth_of_poses(stats_of: Any) -> None:
    truth, results = make_poses(1)
    for one in truth["annotations"]:
        del one["keypoints"], one["num_keypoints"]
    with pytest.raises(BadInput, match=r"none of them has keypoints; give .* person_keypoints"):
        stats_of(truth, results, "keypoints", "coco-keypoints")


def test_poses_where_nobody_is_annotated_are_read_and_score_nothing(stats_of: Any) -> None:
    truth, results = make_poses(1)
    truth["annotations"] = []
    assert np.isnan(stats_of(truth, results, "keypoints", "coco-keypoints").reduce()).all()


def test_a_pose_at_the_annotated_places_is_right(stats_of: Any) -> None:
    truth, _ = make_poses(1)
    annotations = [one for one in truth["annotations"] if one["num_keypoints"]]
    results = [
        {"image_id": one["image_id"], "category_id": 1, "keypoints": one["keypoints"], "score": 1}
        for one in annotations
    ]
    stats = stats_of(truth, results, "keypoints", "coco-keypoints")
    assert stats.reduce()[0] == pytest.approx(1)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=8)
def test_numbers_equal_those_of_faster_coco_eval(stats_of: Any, seed: int) -> None:
    """An implementation in C++ that is not pycocotools; undefined numbers are its -1."""
    truth, results = make_poses(seed)
    if not results:
        return
    with contextlib.redirect_stdout(io.StringIO()):
        references = faster_coco_eval.COCO(copy.deepcopy(truth))
        detections = references.loadRes(copy.deepcopy(results))
        evaluation = faster_coco_eval.COCOeval_faster(references, detections, "keypoints")
        evaluation.run()
    theirs = [np.nan if value == -1 else float(value) for value in evaluation.stats[:10]]
    ours = stats_of(truth, results, "keypoints", "coco-keypoints").reduce()
    np.testing.assert_allclose(ours, theirs, **EXACT)


def make_poses(seed: int, *, boxed: bool = False) -> tuple[dict[str, Any], list[Any]]:
    rng = np.random.default_rng(seed)
    truth: dict[str, Any] = {
        "images": [{"id": i + 1, "width": 300, "height": 300} for i in range(4)],
        "categories": [{"id": 1, "name": "person"}],
        "annotations": [],
    }
    results = []
    for number in range(int(rng.integers(1, 15))):
        size = float(rng.choice([20, 60, 150]))
        places = rng.integers(0, 140, 2) + rng.random((KINDS, 2)) * size
        seen = rng.choice([0, 1, 2], KINDS) * (rng.random() > 0.2)
        pose = np.round(np.column_stack([places, seen]), 2)
        box = [*places.min(axis=0).tolist(), size, size]
        image = int(rng.integers(4)) + 1
        truth["annotations"].append(
            {
                "id": number + 1,
                "image_id": image,
                "category_id": 1,
                "bbox": box,
                "area": size * size * 0.6,
                "iscrowd": int(rng.random() < 0.1),
                "keypoints": pose.ravel().tolist(),
                "num_keypoints": int((seen > 0).sum()),
            }
        )
        for _ in range(int(rng.integers(0, 3))):
            moved = pose.copy()
            moved[:, :2] += rng.normal(0, size * rng.choice([0.01, 0.05, 0.2]), (KINDS, 2))
            results.append(_result(image, moved, rng, boxed))
    results.append(_result(1, rng.random((KINDS, 3)) * 200, rng, boxed))
    return truth, results


def _result(image: int, pose: Any, rng: np.random.Generator, boxed: bool) -> dict[str, Any]:
    result = {
        "image_id": image,
        "category_id": 1,
        "keypoints": np.round(pose, 3).ravel().tolist(),
        "score": round(float(rng.random()), 1),
    }
    return {**result, "bbox": [0.0, 0.0, 50.0, 50.0]} if boxed else result
