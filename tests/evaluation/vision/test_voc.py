"""Pascal VOC: worked cases, and a slow restatement of the development kit."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

BOX = [10.0, 10.0, 9.0, 9.0]  # Ten pixels wide and high: both ends belong to it.


def truth_of(*boxes: list[float], images: int = 1, difficult: tuple[int, ...] = ()) -> Any:
    return {
        "images": [{"id": i + 1} for i in range(images)],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [
            {
                "id": n + 1,
                "image_id": n % images + 1,
                "category_id": 1,
                "bbox": box,
                "difficult": int(n in difficult),
            }
            for n, box in enumerate(boxes)
        ],
    }


def hit(box: list[float], score: float, image: int = 1) -> dict[str, Any]:
    return {"image_id": image, "category_id": 1, "bbox": box, "score": score}


def value(stats_of: Any, truth: Any, results: list[Any], metric: str = "voc-ap") -> float:
    return float(stats_of(truth, results, "object-detection", metric).reduce()[0])


def test_a_second_hit_on_a_taken_box_is_false(stats_of: Any) -> None:
    truth = truth_of(BOX, [50, 50, 9, 9])
    results = [hit(BOX, 0.9), hit(BOX, 0.8), hit([50, 50, 9, 9], 0.7)]
    assert value(stats_of, truth, results) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    eleven = (6 * 1 + 5 * 2 / 3) / 11
    assert value(stats_of, truth, results, "voc-ap07") == pytest.approx(eleven)


def test_a_taken_box_is_not_exchanged_for_the_next_best(stats_of: Any) -> None:
    truth = truth_of(BOX, [12, 10, 9, 9])
    results = [hit(BOX, 0.9), hit([10.5, 10, 9, 9], 0.8)]
    assert value(stats_of, truth, results) == pytest.approx(0.5)


def test_a_hit_on_a_difficult_object_counts_neither_way(stats_of: Any) -> None:
    truth = truth_of(BOX, [50, 50, 9, 9], difficult=(0,))
    results = [hit(BOX, 0.9), hit(BOX, 0.8), hit([50, 50, 9, 9], 0.7)]
    assert value(stats_of, truth, results) == pytest.approx(1)


def test_both_ends_of_a_box_belong_to_it(stats_of: Any) -> None:
    narrow = [10.0, 10.0, 9.0, 4.0]  # 10 x 5 pixels, half of the box: just enough.
    assert value(stats_of, truth_of(BOX), [hit(narrow, 0.9)]) == pytest.approx(1)
    narrower = [10.0, 10.0, 9.0, 3.9]
    assert value(stats_of, truth_of(BOX), [hit(narrower, 0.9)]) == 0


@given(seed=st.integers(0, 2**32 - 1))
def test_numbers_follow_the_development_kit(stats_of: Any, make_problem: Any, seed: int) -> None:
    truth, results = make_problem(seed, distinct_scores=True)
    rng = np.random.default_rng(seed)
    for one in truth["annotations"]:
        one["difficult"], one["iscrowd"] = int(rng.random() < 0.2), 0
    assert_equal(value(stats_of, truth, results), mean_ap(truth, results, eleven=False))
    assert_equal(value(stats_of, truth, results, "voc-ap07"), mean_ap(truth, results, eleven=True))


def assert_equal(ours: float, theirs: float) -> None:
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


def mean_ap(truth: Any, results: list[Any], *, eleven: bool) -> float:
    values = []
    for category in truth["categories"]:
        objects = [a for a in truth["annotations"] if a["category_id"] == category["id"]]
        found = [r for r in results if r["category_id"] == category["id"]]
        positives = sum(not one["difficult"] for one in objects)
        if positives:
            values.append(_ap(objects, sorted(found, key=lambda r: -r["score"]), positives, eleven))
    return float(np.mean(values)) if values else float("nan")


def _ap(objects: list[Any], found: list[Any], positives: int, eleven: bool) -> float:
    taken: set[int] = set()
    marks = []
    for one in found:
        near = [a for a in objects if a["image_id"] == one["image_id"]]
        overlaps = [_overlap(one["bbox"], a["bbox"]) for a in near]
        best = int(np.argmax(overlaps)) if near else -1
        if not near or overlaps[best] < 0.5:
            marks.append(0)
        elif not near[best]["difficult"]:
            marks.append(int(near[best]["id"] not in taken))
            taken.add(near[best]["id"])
    right = np.cumsum(marks)
    precision, recall = right / np.arange(1, len(marks) + 1), right / positives
    if eleven:
        levels = np.arange(0, 1.1, 0.1)
        return float(np.mean([max(precision[recall >= level], default=0) for level in levels]))
    area, before = 0.0, 0.0
    for place, level in enumerate(recall):
        area += (level - before) * precision[place:].max()
        before = level
    return area


def _overlap(a: list[float], b: list[float]) -> float:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0]) + 1
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1]) + 1
    if width <= 0 or height <= 0:
        return 0
    shared = width * height
    return shared / ((a[2] + 1) * (a[3] + 1) + (b[2] + 1) * (b[3] + 1) - shared)
