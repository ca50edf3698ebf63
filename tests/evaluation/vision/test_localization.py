"""The localisation error by worked cases."""

from typing import Any

import numpy as np
import pytest

BOX = [10.0, 10.0, 10.0, 10.0]
TRUTH = {
    "images": [{"id": i} for i in (1, 2, 3)],
    "categories": [{"id": c, "name": f"kind {c}"} for c in range(1, 8)],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": BOX},
        {"id": 2, "image_id": 1, "category_id": 1, "bbox": [50, 50, 10, 10]},
        {"id": 3, "image_id": 2, "category_id": 2, "bbox": BOX},
    ],
}


def error(stats_of: Any, results: list[Any], metric: str = "ilsvrc-localization") -> float:
    return float(stats_of(TRUTH, results, "object-detection", metric).reduce()[0])


def found(image: int, category: int, box: list[float], score: float = 0.5) -> dict[str, Any]:
    return {"image_id": image, "category_id": category, "bbox": box, "score": score}


def test_the_right_class_in_the_wrong_place_is_wrong(stats_of: Any) -> None:
    right = found(1, 1, [52, 50, 10, 10])
    assert error(stats_of, [right, found(2, 2, [18, 10, 10, 10])]) == pytest.approx(1 / 2)
    assert error(stats_of, [right, found(2, 1, BOX)]) == pytest.approx(1 / 2)
    assert error(stats_of, [right, found(2, 2, BOX)]) == 0


def test_a_box_that_overlaps_by_half_is_right(stats_of: Any) -> None:
    half = [found(1, 1, [10, 10, 10, 5]), found(2, 2, [10, 10, 10, 4.9])]
    assert error(stats_of, half) == pytest.approx(1 / 2)


def test_only_the_five_best_detections_count(stats_of: Any) -> None:
    others = [found(2, c, BOX, 0.9) for c in (1, 3, 4, 5, 6)]
    late = [found(1, 1, BOX), *others, found(2, 2, BOX, 0.8)]
    assert error(stats_of, late) == pytest.approx(1 / 2)
    assert error(stats_of, late, "ilsvrc-localization:k=6") == 0


def test_images_without_an_object_are_left_out(stats_of: Any) -> None:
    stats = stats_of(TRUTH, [], "object-detection", "ilsvrc-localization")
    np.testing.assert_array_equal(stats.reduce([[1, 1, 1], [0, 0, 1]])[:, 0], [1, np.nan])
