"""LVIS against hotcoco, which is tested against lvis-api."""

import json
from pathlib import Path
from typing import Any

import hotcoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

KEYS = ["AP", "AP50", "AP75", "APs", "APm", "APl", "APr", "APc", "APf"]
RECALLS = ["AR@300", "ARs@300", "ARm@300", "ARl@300"]


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1))
def test_box_numbers_equal_those_of_hotcoco(
    tmp_path_factory: pytest.TempPathFactory, stats_of_files: Any, make_problem: Any, seed: int
) -> None:
    truth, results = make_lvis(make_problem, seed)
    files = write(tmp_path_factory.mktemp("lvis"), truth, results)
    ours = stats_of_files(*files, "object-detection", "lvis-bbox").reduce()
    np.testing.assert_allclose(ours, theirs(*files, "bbox"), atol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_mask_numbers_equal_those_of_hotcoco(
    tmp_path: Path, stats_of_files: Any, make_problem: Any, seed: int
) -> None:
    truth, results = make_lvis(make_problem, seed, with_masks=True)
    files = write(tmp_path, truth, results)
    ours = stats_of_files(*files, "instance-segmentation", "lvis-segm").reduce()
    np.testing.assert_allclose(ours, theirs(*files, "segm"), atol=1e-9)


def test_detections_of_a_category_nobody_looked_for_count_nowhere(stats_of: Any) -> None:
    box = [1, 1, 10, 10]
    truth = {
        "images": [
            {"id": 1, "neg_category_ids": [], "not_exhaustive_category_ids": []},
            {"id": 2, "neg_category_ids": [1], "not_exhaustive_category_ids": []},
        ],
        "categories": [{"id": 1, "name": "cat", "frequency": "r"}, {"id": 2, "frequency": "f"}],
        "annotations": [{"id": 1, "image_id": 2, "category_id": 2, "bbox": box, "area": 100}],
    }
    hit = {"image_id": 2, "category_id": 2, "bbox": box, "score": 0.5}
    unknown = {"image_id": 1, "category_id": 2, "bbox": box, "score": 0.9}
    stats = stats_of(truth, [hit, unknown], "object-detection", "lvis-bbox")
    values = dict(zip(stats.metric.names, stats.reduce(), strict=True))
    assert values["AP"] == pytest.approx(1)
    assert values["APf"] == pytest.approx(1)
    assert np.isnan(values["APr"])
    truth["images"][0]["neg_category_ids"] = [2]
    punished = stats_of(truth, [hit, unknown], "object-detection", "lvis-bbox").reduce()
    assert punished[0] == pytest.approx(0.5)
    truth["images"][0]["not_exhaustive_category_ids"] = [2]
    excused = stats_of(truth, [hit, unknown], "object-detection", "lvis-bbox").reduce()
    assert excused[0] == pytest.approx(1)


def make_lvis(make_problem: Any, seed: int, **options: Any) -> tuple[dict[str, Any], list[Any]]:
    truth, results = make_problem(seed, categories=5, **options)
    rng = np.random.default_rng(seed)
    ids = [one["id"] for one in truth["categories"]]
    for one in truth["categories"]:
        one["frequency"] = "rcf"[int(rng.integers(3))]
    for image in truth["images"]:
        there = {a["category_id"] for a in truth["annotations"] if a["image_id"] == image["id"]}
        absent = [one for one in ids if one not in there]
        image["neg_category_ids"] = [one for one in absent if rng.random() < 0.5]
        image["not_exhaustive_category_ids"] = [one for one in there if rng.random() < 0.3]
    for one in truth["annotations"]:
        one["iscrowd"] = 0
    return truth, results


def write(folder: Path, truth: dict[str, Any], results: list[Any]) -> tuple[Path, Path]:
    gt, dt = folder / "gt.json", folder / "dt.json"
    gt.write_text(json.dumps(truth))
    dt.write_text(json.dumps(results))
    return gt, dt


def theirs(gt: Path, dt: Path, kind: str) -> list[float]:
    references = hotcoco.LVIS(str(gt))
    evaluation = hotcoco.LVISEval(references, references.load_res(str(dt)), kind)
    evaluation.run()
    found = evaluation.get_results()
    values = [found[key] for key in KEYS + RECALLS]
    return [float("nan") if value == -1 else value for value in values]
