"""Compile the kernels before they are needed, as a worker does when it starts."""

from __future__ import annotations

from itertools import product

import numpy as np

from heldout.datasets.tasks import TASKS, Family
from heldout.evaluation.data import Floats
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.vision import coco_numbers
from heldout.evaluation.vision.accumulation import accumulate
from heldout.evaluation.vision.coco_results import scan
from heldout.evaluation.vision.masks import fill_polygons, join_masks, read_texts
from heldout.evaluation.vision.matching import Rules, match
from heldout.evaluation.vision.objects import Detections, Objects, ids_as_text
from heldout.evaluation.vision.similarity import (
    PERSON,
    box_overlap,
    keypoint_similarity,
    mask_overlap,
    pixel_overlap,
)

SCORED = tuple(  # Tasks whose scores need a kernel.
    task.id for task in TASKS.values() if task.family in {Family.BOXES, Family.MASKS, Family.POSES}
)


class _NoMetric:
    """Statistics that are only accumulated need no metric."""

    key = "none"
    names = ("none",)

    def reduce(self, stats: ExampleStats, weights: Floats) -> Floats:
        return np.zeros((len(weights), 1))


def compile_kernels() -> None:
    """Run every kernel once on one box in one image; seconds the first time, later from the cache.

    Raises:
        MissingExtra: The extra `vision` is not installed.
    """
    square = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]])
    twice = [square, square + 2]
    masks = join_masks([fill_polygons(twice, height=8, width=8)], np.array([[8, 8]]))
    read_texts(["04"], np.array([[2, 2]]))
    scan(
        b'[{"image_id": 1, "category_id": 1, "bbox": [0, 0, 4, 4], "score": 0.5}]', 1, Family.BOXES
    )
    one, no = np.ones(1), np.zeros(1, np.bool_)
    place = np.zeros(1, np.int32)
    boxes, poses = masks.boxes(), np.ones((1, len(PERSON), 3))
    found = Detections(
        image=place, category=place, area=one, boxes=boxes, masks=masks, keypoints=poses, score=one
    )
    true = Objects(
        image=place, category=place, area=one, boxes=boxes, masks=masks, keypoints=poses,
        crowd=no, difficult=no, visible=one,
    )  # fmt: skip
    for similarity in (mask_overlap, keypoint_similarity, pixel_overlap, box_overlap):
        rules = Rules(
            similarity, (0.5,), coco_numbers.AREAS, most=1, nearest=similarity is pixel_overlap
        )
        matched = match(found, true, no, rules, images=1, categories=1)
    stats = ExampleStats(_NoMetric(), ids_as_text(np.array([1])), matched, ("one",))
    for points, kind in product((101, 0), (np.float64, np.float32)):
        weights = np.ones((1, 1), kind)
        accumulate(stats, weights, cuts=coco_numbers.CUTS, thresholds=1, points=points)
