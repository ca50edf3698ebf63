"""COCO box scores of a large submission against pycocotools and hotcoco, in one run.

5,000 images, 80 categories, 36,000 objects and 500,000 detections, made up from a seed. Every figure
is CPU seconds from the files on disk to the numbers. Kernels are compiled before, as a worker does
when it starts. pycocotools runs once, for a minute or two; the others are medians of three.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import hotcoco
import numpy as np
from measure import cpu_seconds, peak_memory, report
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from heldout.datasets.tasks import find_task
from heldout.evaluation.reading import Expected, read_predictions, read_references
from heldout.evaluation.registry import find_metric
from heldout.evaluation.scoring import score

IMAGES, CATEGORIES, OBJECTS, DETECTIONS = 5_000, 80, 36_000, 500_000
WIDTH, HEIGHT = 640, 480
TASK = find_task("object-detection")
METRIC = find_metric("coco-bbox", task=TASK)


def write_files(folder: Path, *, share: float) -> tuple[Path, Path]:
    """Write ground truth, and three shifted copies of every object among many false alarms."""
    rng = np.random.default_rng(0)
    images, objects, detections = (int(n * share) for n in (IMAGES, OBJECTS, DETECTIONS))
    popularity = 1 / np.arange(1, CATEGORIES + 1)
    popularity /= popularity.sum()

    def boxes(n: int) -> np.ndarray:
        sides = np.exp(rng.normal(4, 0.9, (n, 2))).clip(4, 400)
        return np.hstack([rng.random((n, 2)) * ([WIDTH, HEIGHT] - sides).clip(1), sides])

    true = np.round(boxes(objects), 2)
    image, category = (
        rng.integers(images, size=objects),
        rng.choice(CATEGORIES, size=objects, p=popularity),
    )
    truth = {
        "images": [{"id": i + 1, "width": WIDTH, "height": HEIGHT} for i in range(images)],
        "categories": [{"id": c + 1, "name": f"kind {c}"} for c in range(CATEGORIES)],
        "annotations": [
            {
                "id": i + 1,
                "image_id": int(image[i]) + 1,
                "category_id": int(category[i]) + 1,
                "bbox": true[i].tolist(),
                "area": float(true[i, 2] * true[i, 3] * rng.uniform(0.4, 0.9)),
                "iscrowd": int(rng.random() < 0.01),
            }
            for i in range(objects)
        ],
    }
    source = np.repeat(np.arange(objects), 3)
    shifted = true[source] + rng.normal(0, 0.08, (len(source), 4)) * np.tile(true[source, 2:], 2)
    alarms = detections - len(source)
    found = np.round(np.vstack([shifted, boxes(alarms)]), 2)
    found[:, 2:] = found[:, 2:].clip(1)
    found_image = np.concatenate([image[source], rng.integers(images, size=alarms)])
    found_category = np.concatenate(
        [category[source], rng.choice(CATEGORIES, size=alarms, p=popularity)]
    )
    scores = np.concatenate([rng.beta(3, 2, len(source)), rng.beta(1, 6, alarms)])
    results = [
        {
            "image_id": int(found_image[i]) + 1,
            "category_id": int(found_category[i]) + 1,
            "bbox": found[i].tolist(),
            "score": round(float(scores[i]), 5),
        }
        for i in np.argsort(found_image, kind="stable")
    ]
    (folder / "gt.json").write_text(json.dumps(truth))
    (folder / "dt.json").write_text(json.dumps(results))
    return folder / "gt.json", folder / "dt.json"


def ours(gt: Path, dt: Path, replicates: int) -> list[float]:
    references = read_references(gt, task=TASK)
    expected = Expected(references.example_ids, references.classes, public=references.public)
    predictions = read_predictions(dt, task=TASK, expected=expected)
    scores = score(predictions, references, [METRIC], seed=1, replicates=replicates).scores
    return [one.value for one in scores if one.value is not None]


def read_only(gt: Path, dt: Path) -> None:
    references = read_references(gt, task=TASK)
    expected = Expected(references.example_ids, references.classes, public=references.public)
    read_predictions(dt, task=TASK, expected=expected)


def by_hotcoco(gt: Path, dt: Path) -> list[float]:
    references = hotcoco.COCO(str(gt))
    evaluation = hotcoco.COCOeval(references, references.load_res(str(dt)), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return list(evaluation.stats)


def by_pycocotools(gt: Path, dt: Path) -> list[float]:
    references = COCO(str(gt))
    evaluation = COCOeval(references, references.loadRes(str(dt)), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return evaluation.stats.tolist()


def quietly(function: Callable[..., list[float]], *arguments: Path) -> list[float]:
    with contextlib.redirect_stdout(io.StringIO()):
        return function(*arguments)


def main() -> None:
    share = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    with tempfile.TemporaryDirectory() as name:
        files = write_files(Path(name), share=share)
        reference: list[float] = []
        once = measure_once(lambda: reference.extend(quietly(by_pycocotools, *files)))
        for found in (ours(*files, 0), quietly(by_hotcoco, *files)):
            assert np.allclose(found, reference, rtol=0, atol=1e-9)
        fast = cpu_seconds(lambda: quietly(by_hotcoco, *files), repeat=3)
        plain = cpu_seconds(lambda: ours(*files, 0), repeat=3)
        resampled = cpu_seconds(lambda: ours(*files, 1000), repeat=3)
        text = files[1].read_bytes()
        parsed = cpu_seconds(lambda: json.JSONDecoder().decode(text.decode()), repeat=3)
        read = cpu_seconds(lambda: read_only(*files), repeat=3)
    report("read + 12 numbers", ours=plain, theirs=once, peer="pycocotools")
    report("read + 12 numbers", ours=plain, theirs=fast, peer="hotcoco")
    report("read + 1,000 resamples", ours=resampled, theirs=once, peer="pycocotools, none")
    report("read both files, checked", ours=read, theirs=parsed, peer="json, detections alone")
    print(f"peak memory of all of it: {peak_memory()}")


def measure_once(function: Callable[[], object]) -> float:
    start = time.process_time()
    function()
    return time.process_time() - start


if __name__ == "__main__":
    main()
