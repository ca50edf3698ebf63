"""Classes of pixels against scikit-learn's confusion matrix and Cityscapes' definition."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.metrics import accuracy_score, jaccard_score

from heldout.datasets.tasks import find_task
from heldout.errors import BadInput
from heldout.evaluation.metric import Method
from heldout.evaluation.metrics.cityscapes import COUNTABLE, EVALUATED
from heldout.evaluation.metrics.miou import MeanIoU
from heldout.evaluation.reading import Expected, Missing, read_predictions, read_references
from heldout.evaluation.registry import find_metric
from heldout.evaluation.scoring import score_stats
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.storage import load_stats, save_stats
from heldout.statistics.weights import Resampling

TASK = find_task("semantic-segmentation")


def write(folder: Path, **masks: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, given_codes in masks.items():
        codes = np.asarray(given_codes)
        kind = np.uint8 if codes.max(initial=0) < 256 else np.uint16
        Image.fromarray(codes.astype(kind)).save(folder / f"{name}.png")
    return folder


def stats_of(
    gt: Path,
    pred: Path,
    metric: str = "miou",
    *,
    classes: list[str] | None = None,
    missing: Missing = Missing.REFUSE,
) -> Any:
    references = read_references(gt, task=TASK, classes=classes)
    expected = Expected(
        references.example_ids, references.classes, missing=missing, public=references.public
    )
    predictions = read_predictions(pred, task=TASK, expected=expected)
    return find_metric(metric, task=TASK).per_example(predictions, references)


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), classes=st.integers(1, 6))
def test_numbers_equal_those_of_scikit_learn(
    tmp_path_factory: pytest.TempPathFactory, seed: int, classes: int
) -> None:
    folder = tmp_path_factory.mktemp("masks")
    rng = np.random.default_rng(seed)
    true = {f"x{i}": rng.integers(0, classes, (7, 5)) for i in range(3)}
    found = {
        name: np.where(rng.random(mask.shape) < 0.5, mask, rng.integers(0, 6, mask.shape))
        for name, mask in true.items()
    }
    ignored = {name: np.where(rng.random(m.shape) < 0.2, 255, m) for name, m in true.items()}
    values = stats_of(write(folder / "gt", **ignored), write(folder / "pred", **found)).reduce()
    flat_true = np.concatenate([ignored[name].ravel() for name in true])
    flat_found = np.concatenate([found[name].ravel() for name in true])
    counted = flat_true != 255
    flat_true, flat_found = flat_true[counted], flat_found[counted]
    expected = [
        jaccard_score(flat_true, flat_found, average="macro"),
        accuracy_score(flat_true, flat_found),
    ]
    np.testing.assert_allclose(values, expected, atol=1e-12)


def test_a_class_that_is_only_predicted_counts_zero_and_an_absent_one_not(tmp_path: Path) -> None:
    gt, pred = write(tmp_path / "gt", a=[[0, 0, 0, 1]]), write(tmp_path / "p", a=[[0, 0, 2, 1]])
    stats = stats_of(gt, pred, classes=["road", "car", "bus", "sky"])
    np.testing.assert_allclose(stats.reduce(), [(2 / 3 + 1 + 0) / 3, 3 / 4])


def test_the_ignored_index_counts_nowhere_in_the_references(tmp_path: Path) -> None:
    gt, pred = write(tmp_path / "gt", a=[[0, 0, 1, 1]]), write(tmp_path / "p", a=[[0, 1, 1, 0]])
    ade = stats_of(gt, pred, "miou:ignore_index=0").reduce()
    np.testing.assert_allclose(ade, [1 / 2, 1 / 2])


def test_a_weight_is_a_repetition(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    true = {f"x{i}": rng.integers(0, 3, (4, 4)) for i in range(5)}
    found = {name: rng.integers(0, 3, (4, 4)) for name in true}
    stats = stats_of(write(tmp_path / "gt", **true), write(tmp_path / "p", **found))
    repeated = stats.take(np.array([0, 0, 3, 4, 4, 4]))
    np.testing.assert_allclose(stats.reduce([2, 0, 0, 1, 3]), repeated.reduce())
    assert np.isnan(stats.reduce(np.zeros(5))).all()
    save_stats(stats, tmp_path / "stats.parquet")
    np.testing.assert_array_equal(load_stats(tmp_path / "stats.parquet").reduce(), stats.reduce())


def test_palette_masks_and_archives_equal_grey_masks_in_folders(tmp_path: Path) -> None:
    true, found = np.array([[0, 1], [2, 1]]), np.array([[0, 1], [1, 1]])
    gt, pred = write(tmp_path / "gt", a=true), write(tmp_path / "pred", a=found)
    palette = Image.fromarray(found.astype(np.uint8))
    palette.putpalette([10, 20, 30] * 256)
    (tmp_path / "palette").mkdir()
    palette.save(tmp_path / "palette" / "a.png")
    with zipfile.ZipFile(tmp_path / "masks.zip", "w") as archive:
        archive.write(pred / "a.png", "somewhere/a.png")
    plain = stats_of(gt, pred).reduce()
    np.testing.assert_array_equal(stats_of(gt, tmp_path / "palette").reduce(), plain)
    np.testing.assert_array_equal(stats_of(gt, tmp_path / "masks.zip").reduce(), plain)


def test_a_missing_mask_is_wrong_everywhere_where_the_challenge_says_so(tmp_path: Path) -> None:
    gt = write(tmp_path / "gt", a=[[0, 1]], b=[[0, 1]])
    pred = write(tmp_path / "p", a=[[0, 1]])
    values = stats_of(gt, pred, missing=Missing.WRONG).reduce()
    np.testing.assert_allclose(values, [1 / 2, 1 / 2])
    with pytest.raises(BadInput, match="no mask for 1 of the examples: b"):
        stats_of(gt, pred)


def test_all_faults_of_masks_are_told_at_once(tmp_path: Path) -> None:
    gt = write(tmp_path / "gt", a=[[0, 1]], b=[[0, 1]], c=[[0, 1]], d=[[0, 1]])
    pred = write(tmp_path / "p", a=[[0, 9]], b=[[0], [1]], zz=[[0]], a_again=[[0, 1]])
    Image.new("RGB", (2, 1)).save(pred / "c.png")
    (pred / "d.png").write_bytes((pred / "a.png").read_bytes()[:40])
    with pytest.raises(BadInput) as refused:
        stats_of(gt, pred, classes=["road", "car"])
    assert list(map(str, refused.value.problems)) == [
        'a_again.png: "a.png" is a mask of the same example; keep one',
        "zz.png: is not named like one of the examples; name it like its example, or like it and then _",
        "a.png: the pixel value 9 is not one of 2 classes; "
        "values count the classes from 0; 255 is no class",
        "b.png: a mask of height 2 and width 1 for an image of 1 and 2; resize it",
        "c.png: a picture of mode RGB where a mask has one number per pixel; "
        "save it in grey or with a palette",
        "d.png: not a readable picture; it may be cut short; write it again",
    ]


def test_what_is_no_folder_of_masks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.zip").write_text("no archive")
    for name in ("empty", "text.zip", "absent"):
        with pytest.raises(BadInput):
            read_references(tmp_path / name, task=TASK)


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1))
def test_cityscapes_scores_follow_the_definition_pixel_by_pixel(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("cityscapes")
    pairs = make_cityscapes(folder, seed)
    values = stats_of(folder / "gt", folder / "pred", "cityscapes").reduce()
    np.testing.assert_allclose(values, by_definition(pairs), atol=1e-9, equal_nan=True)


def test_object_scores_are_undefined_without_masks_of_instances(tmp_path: Path) -> None:
    make_cityscapes(tmp_path, 1)
    for file in (tmp_path / "gt").rglob("*instanceIds*"):
        file.unlink()
    by_pixel, by_object = stats_of(tmp_path / "gt", tmp_path / "pred", "cityscapes").reduce()
    assert by_pixel > 0
    assert np.isnan(by_object)


def make_cityscapes(folder: Path, seed: int) -> list[tuple[Any, Any, Any]]:
    rng = np.random.default_rng(seed)
    pairs = []
    for frame in range(3):
        true = rng.integers(0, 34, (8, 9))
        countable = true >= 24
        numbered = countable & (rng.random(true.shape) < 0.8)
        objects = np.where(numbered, true * 1000 + rng.integers(0, 2, true.shape), true)
        found = np.where(rng.random(true.shape) < 0.6, true, rng.integers(0, 34, true.shape))
        name = f"ulm_{frame:06d}_000019"
        write(folder / "gt" / "ulm", **{f"{name}_gtFine_labelIds": true})
        write(folder / "gt" / "ulm", **{f"{name}_gtFine_instanceIds": objects})
        write(folder / "pred", **{f"{name}_leftImg8bit": found})
        pairs.append((true, objects, found))
    return pairs


def by_definition(pairs: list[tuple[Any, Any, Any]]) -> list[float]:
    """A slow restatement: one class and one object at a time."""
    by_pixel, by_object = [], []
    sizes = dict(COUNTABLE.values())
    for label in EVALUATED:
        right = false = lost = weighted_right = weighted_lost = 0.0
        for true, objects, found in pairs:
            right += np.sum((true == label) & (found == label))
            lost += np.sum((true == label) & (found != label))
            false += np.sum(np.isin(true, EVALUATED) & (true != label) & (found == label))
            for one in {value for value in objects.ravel() if value > 1000}:
                if one // 1000 == label:
                    pixels = found[objects == one]
                    weight = sizes[label] / len(pixels)
                    weighted_right += weight * np.sum(pixels == label)
                    weighted_lost += weight * np.sum(pixels != label)
        if right + false + lost:
            by_pixel.append(right / (right + false + lost))
        if label in sizes and weighted_right + weighted_lost + false:
            by_object.append(weighted_right / (weighted_right + weighted_lost + false))
    return [float(np.mean(one)) if one else float("nan") for one in (by_pixel, by_object)]


def test_the_interval_of_an_iou_follows_what_each_image_moves() -> None:
    rng = np.random.default_rng(1)
    right = rng.integers(1, 50, (40, 1, 3))
    terms = np.concatenate([right, right + rng.integers(0, 30, (40, 1, 3)), right + 5], axis=1)
    metric = MeanIoU()
    ids = pl.Series([str(i) for i in range(40)])
    stats = ExampleStats(metric, ids, {"terms": terms.reshape(40, -1)})
    step = 1e-4 * np.eye(40)
    slope = (stats.reduce(1 + step) - stats.reduce(1 - step)) / 2e-4
    for number, mean in enumerate(metric.class_means(stats)):
        assert mean.values.mean() == pytest.approx(stats.reduce()[number])
        np.testing.assert_allclose(mean.moved / len(mean.values), slope[:, number], atol=1e-8)
    found = score_stats([stats], [metric], Resampling(40, seed=1))
    assert [one.method for one in found] == [str(Method.CLASSES)] * 2
    rare = terms.copy()
    rare[6:, :, 2] = 0
    scored = ExampleStats(metric, ids, {"terms": rare.reshape(40, -1)})
    mean, pixels = score_stats([scored], [metric], Resampling(40, seed=1))
    assert mean.reason.startswith("too many classes have too few examples")
    assert pixels.low < pixels.value < pixels.high
