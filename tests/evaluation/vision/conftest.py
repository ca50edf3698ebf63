"""Small problems made from a number, the reference implementations, and how ours is asked."""

import contextlib
import copy
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from heldout.datasets.tasks import find_task
from heldout.evaluation.reading import Expected, read_predictions, read_references
from heldout.evaluation.registry import find_metric
from heldout.evaluation.stats import ExampleStats

WIDTH, HEIGHT = 120, 90
TASKS = {"bbox": "object-detection", "segm": "instance-segmentation", "keypoints": "keypoints"}


@pytest.fixture(scope="session")
def pycocotools() -> Callable[..., list[float]]:
    """The reference implementation; undefined numbers are NaN instead of its -1."""

    def evaluate(truth: dict[str, Any], results: list[Any], kind: str) -> list[float]:
        found = run_pycocotools(truth, results, kind).stats
        return [float("nan") if value == -1 else float(value) for value in found]

    return evaluate


@pytest.fixture(scope="session")
def pycocotools_arrays() -> Callable[..., dict[str, Any]]:
    """What the reference implementation accumulates: `precision` (T, R, K, A, M), `recall`."""
    return lambda truth, results, kind: run_pycocotools(truth, results, kind).eval


def run_pycocotools(truth: dict[str, Any], results: list[Any], kind: str) -> COCOeval:
    with contextlib.redirect_stdout(io.StringIO()):
        references = COCO()
        references.dataset = copy.deepcopy(truth)
        references.createIndex()
        evaluation = COCOeval(references, references.loadRes(copy.deepcopy(results)), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


@pytest.fixture(scope="session")
def stats_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., ExampleStats]:
    """Read a problem from files as a person would, and match it."""

    def read(truth: dict[str, Any], results: list[Any], task: str, metric: str) -> ExampleStats:
        folder = tmp_path_factory.mktemp("problem")
        gt, dt = folder / "gt.json", folder / "dt.json"
        gt.write_text(json.dumps(truth))
        dt.write_text(json.dumps(results))
        return stats_from(gt, dt, task, metric)

    return read


@pytest.fixture(scope="session")
def stats_of_files() -> Callable[..., ExampleStats]:
    return stats_from


def stats_from(gt: Path, dt: Path, task: str, metric: str) -> ExampleStats:
    chosen = find_task(task)
    references = read_references(gt, task=chosen)
    expected = Expected(references.example_ids, references.classes, public=references.public)
    predictions = read_predictions(dt, task=chosen, expected=expected)
    return find_metric(metric, task=chosen).per_example(predictions, references)


@pytest.fixture(scope="session")
def make_problem() -> Callable[..., tuple[dict[str, Any], list[Any]]]:
    """Ground truth and results from a seed: crowds, ties, absent categories, empty images."""

    def make(
        seed: int,
        *,
        images: int = 6,
        categories: int = 3,
        distinct_scores: bool = False,
        with_masks: bool = False,
    ) -> tuple[dict[str, Any], list[Any]]:
        rng = np.random.default_rng(seed)
        truth = {
            "images": [
                {"id": 3 * i + 1, "width": WIDTH, "height": HEIGHT, "file_name": f"{i}.jpg"}
                for i in range(images)
            ],
            "categories": [{"id": 2 * c + 1, "name": f"kind {c}"} for c in range(categories)],
            "annotations": [],
        }
        results = []
        for _ in range(int(rng.integers(0, 8 * images))):
            box = _box(rng)
            corners = _corners(rng, box)
            image = 3 * int(rng.integers(images)) + 1
            category = 2 * int(rng.integers(max(1, categories - 1))) + 1
            truth["annotations"].append(
                {
                    "id": len(truth["annotations"]) + 1,
                    "image_id": image,
                    "category_id": category,
                    "bbox": box,
                    "area": float(box[2] * box[3] * rng.choice([1, 0.5, 8])),
                    "iscrowd": int(rng.random() < 0.15),
                    **({"segmentation": [corners.ravel().tolist()]} if with_masks else {}),
                }
            )
            for _ in range(int(rng.integers(0, 4))):
                moved = np.round(np.array(box) + rng.normal(0, 2, 4), 1).clip(1).tolist()
                drawn = corners + rng.normal(0, 1, corners.shape) if with_masks else None
                results.append(_result(rng, image, category, moved, drawn))
        for _ in range(int(rng.integers(1, 10))):
            image = 3 * int(rng.integers(images)) + 1
            category = 2 * int(rng.integers(categories)) + 1
            box = _box(rng)
            drawn = _corners(rng, box) if with_masks else None
            results.append(_result(rng, image, category, box, drawn))
        rng.shuffle(results)
        if distinct_scores:
            for place, result in enumerate(results):
                result["score"] = (place + 1) / 1000
        return truth, results

    return make


def _box(rng: np.random.Generator) -> list[float]:
    width, height = rng.choice([6, 20, 34, 50], 2)
    left, top = rng.integers(0, WIDTH - width), rng.integers(0, HEIGHT - height)
    return [float(left), float(top), float(width), float(height)]


def _corners(rng: np.random.Generator, box: list[float]) -> Any:
    return np.round(rng.random((int(rng.integers(3, 7)), 2)) * box[2:] + box[:2], 2)


def _result(
    rng: np.random.Generator, image: int, category: int, box: list[float], corners: Any
) -> dict[str, Any]:
    place = {"image_id": image, "category_id": category, "score": round(float(rng.random()), 1)}
    if corners is None:
        return {**place, "bbox": box}
    encoded = mask.frPyObjects([corners.ravel().tolist()], HEIGHT, WIDTH)[0]
    return {**place, "segmentation": {**encoded, "counts": encoded["counts"].decode()}}
