"""Numbers and curves of each class against what pycocotools accumulates."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heldout.evaluation.class_scores import score_classes
from heldout.evaluation.curves import EVERY_CLASS, curves_of_detections
from heldout.statistics.weights import Resampling

NO_DRAWS = Resampling(1, seed=1, replicates=0)


@settings(max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_curves_and_numbers_of_each_category_are_those_of_pycocotools(
    pycocotools_arrays: Any, stats_of: Any, make_problem: Any, seed: int
) -> None:
    truth, results = make_problem(seed, images=8)
    stats = stats_of(truth, results, "object-detection", "coco-bbox")
    precision = pycocotools_arrays(truth, results, "bbox")["precision"][:, :, :, 0, 2]
    known = [k for k in range(precision.shape[2]) if (precision[:, :, k] > -1).all()]
    found = {(one.name, one.threshold): one for one in curves_of_detections(stats)}
    for k in known:
        one = found[f"kind {k}", 0.5]
        np.testing.assert_allclose(one.precision, precision[0, :, k], atol=1e-6)
        assert one.average_precision == pytest.approx(precision[0, :, k].mean())
    for at, threshold in ((0, 0.5), (5, 0.75), (9, 0.95)):
        if known:
            mean = precision[at][:, known].mean(axis=1)
            np.testing.assert_allclose(found[EVERY_CLASS, threshold].precision, mean, atol=1e-6)
    assert {name for name, _ in found} - {EVERY_CLASS} == {f"kind {k}" for k in known}
    values = {
        row.subgroup["class"]: row.value
        for row in score_classes(stats, NO_DRAWS)
        if row.name == "AP"
    }
    for k in range(precision.shape[2]):
        theirs = pytest.approx(precision[:, :, k].mean()) if k in known else None
        assert values[f"kind {k}"] == theirs


def test_the_spread_of_a_category_is_that_of_resampled_images(
    stats_of: Any, make_problem: Any
) -> None:
    truth, results = make_problem(3, images=40, categories=2)
    stats = stats_of(truth, results, "object-detection", "coco-bbox")
    resampling = Resampling(40, seed=5, replicates=200)
    row = next(one for one in score_classes(stats, resampling) if one.name == "AP50")
    drawn = [
        stats.take(np.repeat(np.arange(40), weights.astype(int)))
        for weights in next(resampling.blocks(60))
    ]
    spread = np.std([one.metric.per_class(one)[0, 1] for one in drawn], ddof=1)
    assert (row.high - row.low) / 2 == pytest.approx(1.96 * spread, rel=0.25)
    assert row.low < row.value < row.high


def test_voc_has_one_curve_for_each_class_with_the_area_it_reports(
    stats_of: Any, make_problem: Any
) -> None:
    truth, results = make_problem(3, images=40)
    stats = stats_of(truth, results, "object-detection", "voc-ap")
    whole, *classes = curves_of_detections(stats)
    assert whole.average_precision == pytest.approx(stats.reduce()[0])
    assert np.mean([one.average_precision for one in classes]) == pytest.approx(stats.reduce()[0])


def test_pixels_of_each_class_are_scored_with_intervals(tmp_path: Any) -> None:
    from PIL import Image

    from heldout.datasets.tasks import find_task
    from heldout.evaluation.reading import Expected, read_predictions, read_references
    from heldout.evaluation.registry import find_metric

    rng = np.random.default_rng(2)
    truth = rng.integers(0, 3, (12, 6, 5)).astype(np.uint8)
    guess = np.where(rng.random(truth.shape) < 0.7, truth, rng.integers(0, 3, truth.shape))
    for name, masks in (("gt", truth), ("dt", guess.astype(np.uint8))):
        (tmp_path / name).mkdir()
        for i, mask in enumerate(masks):
            Image.fromarray(mask).save(tmp_path / name / f"{i}.png")
    task = find_task("semantic-segmentation")
    references = read_references(tmp_path / "gt", task=task, classes=("a", "b", "c"))
    expected = Expected(references.example_ids, references.classes, public=references.public)
    predictions = read_predictions(tmp_path / "dt", task=task, expected=expected)
    stats = find_metric("miou", task=task).per_example(predictions, references)
    found = score_classes(stats, Resampling(12, seed=1, replicates=100))
    for code, row in enumerate(found):
        both = ((truth == code) & (guess == code)).sum()
        assert row.value == pytest.approx(both / ((truth == code) | (guess == code)).sum())
        assert row.low < row.value < row.high
        assert row.n == 12
