"""Panoptic quality against the published sample and hotcoco."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hotcoco.panoptic import pq_compute
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from heldout.datasets.tasks import find_task
from heldout.errors import BadInput
from heldout.evaluation.reading import Expected, Missing, read_predictions, read_references
from heldout.evaluation.registry import find_metric
from heldout.evaluation.storage import load_stats, save_stats

TASK = find_task("panoptic-segmentation")
KINDS = {"panoptic": "All", "panoptic-things": "Things", "panoptic-stuff": "Stuff"}
CATEGORIES = [{"id": 3 * i + 1, "name": f"kind {i}", "isthing": i % 2} for i in range(4)]


def expectation(references: Any, missing: Missing = Missing.REFUSE) -> Expected:
    return Expected(
        references.example_ids, references.classes, missing=missing, public=references.public
    )


def stats_of(gt: Path, pred: Path, metric: str, missing: Missing = Missing.REFUSE) -> Any:
    references = read_references(gt, task=TASK)
    predictions = read_predictions(pred, task=TASK, expected=expectation(references, missing))
    return find_metric(metric, task=TASK).per_example(predictions, references)


@pytest.mark.parametrize("metric", KINDS)
def test_the_sample_scores_as_expected(cases: Path, metric: str) -> None:
    folder = cases / "metrics" / "panoptic"
    expected = json.loads((folder / "expected.json").read_text())["pred"][KINDS[metric]]
    values = stats_of(folder / "panoptic_examples.json", folder / "pred.json", metric).reduce()
    np.testing.assert_allclose(values, [expected[key] for key in ("pq", "sq", "rq")], atol=1e-9)


def test_masks_are_found_by_their_ids_where_no_folder_has_the_files_name(cases: Path) -> None:
    folder = cases / "metrics" / "panoptic"
    values = stats_of(folder / "gt.json", folder / "gt.json", "panoptic").reduce()
    np.testing.assert_allclose(values, 1)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_numbers_equal_those_of_hotcoco(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("panoptic")
    gt, pred = make_problem(folder, seed)
    theirs = pq_compute(str(gt), str(pred))
    for metric, key in KINDS.items():
        values = stats_of(gt, pred, metric).reduce()
        if theirs[key]["n"]:
            expected = [theirs[key][name] for name in ("pq", "sq", "rq")]
            np.testing.assert_allclose(values, expected, atol=1e-9)
        else:
            assert np.isnan(values).all()


def test_a_weight_is_a_repetition(tmp_path: Path) -> None:
    stats = stats_of(*make_problem(tmp_path, 1), "panoptic")
    weights = np.array([2, 0, 3])
    repeated = stats.take(np.array([0, 0, 2, 2, 2]))
    np.testing.assert_allclose(stats.reduce(weights), repeated.reduce(), rtol=1e-12)
    assert np.isnan(stats.reduce(np.zeros(3))).all()


def test_statistics_survive_a_file(tmp_path: Path) -> None:
    stats = stats_of(*make_problem(tmp_path, 1), "panoptic-things")
    save_stats(stats, tmp_path / "stats.parquet")
    np.testing.assert_array_equal(load_stats(tmp_path / "stats.parquet").reduce(), stats.reduce())


def test_an_archive_of_predictions_equals_the_folder(tmp_path: Path) -> None:
    gt, pred = make_problem(tmp_path, 2)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(pred, "pred.json")
        for file in sorted((tmp_path / "pred").iterdir()):
            archive.write(file, file.name)
    packed = stats_of(gt, tmp_path / "all.zip", "panoptic").reduce()
    np.testing.assert_array_equal(packed, stats_of(gt, pred, "panoptic").reduce())


def test_an_image_without_prediction_counts_all_its_segments_as_missed(tmp_path: Path) -> None:
    gt, _ = make_problem(tmp_path, 3)
    kept = json.loads(gt.read_text())
    kept["annotations"] = kept["annotations"][1:]
    (tmp_path / "gt2.json").write_text(json.dumps(kept))
    (tmp_path / "gt2").symlink_to(tmp_path / "gt")
    stats = stats_of(gt, tmp_path / "gt2.json", "panoptic", Missing.WRONG)
    assert stats.reduce()[0] < 1
    np.testing.assert_allclose(stats.reduce([0, 1, 1])[0], 1)
    with pytest.raises(BadInput, match="no annotation for 1 of the images"):
        stats_of(gt, tmp_path / "gt2.json", "panoptic")


def test_all_faults_of_predictions_are_told_at_once(tmp_path: Path) -> None:
    gt, pred = make_problem(tmp_path, 4)
    data = json.loads(pred.read_text())
    first, second, third = data["annotations"]
    first["segments_info"][0]["category_id"] = 99
    first["segments_info"].append({"id": 12345, "category_id": 1})
    Image.new("RGB", (5, 4)).save(tmp_path / "pred" / second["file_name"])
    second["segments_info"] = []
    Image.new("P", (40, 30)).save(tmp_path / "pred" / third["file_name"])
    data["annotations"].append({"image_id": 77, "file_name": "x.png", "segments_info": []})
    pred.write_text(json.dumps(data))
    with pytest.raises(BadInput) as refused:
        stats_of(gt, pred, "panoptic")
    told = list(map(str, refused.value.problems))
    segment = first["segments_info"][0]["id"]
    assert told == [
        "image 77: is not one of the images; leave it out",
        "image 1: segment 12345 is in segments_info and not in the mask; "
        "paint it, or leave it out of the list",
        f"image 1: segment {segment} has category_id 99, which is not the id of a category; "
        "the ids are 1, 4, 7, 10",
        "image 2: a mask of height 4 and width 5 in an image of 30 and 40; resize it",
        f"{third['file_name']}: a picture of mode P where segment ids are written as R, G, B; "
        "save it as RGB without a palette",
    ]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"annotations": [{}]}', b"\xff"])
def test_files_that_are_not_panoptic_are_refused(tmp_path: Path, content: bytes) -> None:
    gt, _ = make_problem(tmp_path, 4)
    (tmp_path / "bad.json").write_bytes(content)
    with pytest.raises(BadInput):
        stats_of(gt, tmp_path / "bad.json", "panoptic")


def make_problem(folder: Path, seed: int) -> tuple[Path, Path]:
    rng = np.random.default_rng(seed)
    truth: list[Any] = []
    found: list[Any] = []
    for name in ("gt", "pred"):
        (folder / name).mkdir()
    for image in range(1, 4):
        codes = np.kron(rng.integers(0, 7, (6, 8)), np.ones((5, 5), int))
        moved = np.where(rng.random(codes.shape) < 0.15, rng.integers(0, 9, codes.shape), codes)
        truth.append(_annotation(folder / "gt", image, codes, rng, crowd=0.3))
        found.append(_annotation(folder / "pred", image, moved, rng, crowd=0))
    images = [{"id": i, "width": 40, "height": 30, "file_name": f"{i}.jpg"} for i in range(1, 4)]
    common = {"images": images, "categories": CATEGORIES}
    (folder / "gt.json").write_text(json.dumps({**common, "annotations": truth}))
    (folder / "pred.json").write_text(json.dumps({**common, "annotations": found}))
    return folder / "gt.json", folder / "pred.json"


def _annotation(
    folder: Path, image: int, codes: Any, rng: np.random.Generator, *, crowd: float
) -> dict[str, Any]:
    ids = codes * 300  # Larger than a byte, so that green counts.
    picture = np.stack([ids % 256, ids // 256, np.zeros_like(ids)], axis=2).astype(np.uint8)
    Image.fromarray(picture).save(folder / f"{image}.png")
    segments = [
        {
            "id": int(one),
            "category_id": CATEGORIES[int(one // 300) % 4]["id"],
            "area": int((ids == one).sum()),
            "iscrowd": int(rng.random() < crowd),
            "bbox": [0, 0, 40, 30],
        }
        for one in np.unique(ids)
        if one
    ]
    return {"image_id": image, "file_name": f"{image}.png", "segments_info": segments}
