"""COCO scores of a large submission against pycocotools and hotcoco, in one run.

5,000 images, 80 categories, 36,000 objects and 500,000 detections, made up from a seed: as boxes,
and as ellipses in run lengths. Every figure is CPU seconds of all threads, from the files on disk to
the numbers. Kernels are compiled before, as a worker does when it starts. pycocotools runs once, on
boxes alone, for a minute or two; the others are medians of three.
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
import polars as pl
import pyarrow.parquet as pq
from coco_files import write_files
from measure import cpu_seconds, peak_memory, report
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from heldout.datasets.tasks import find_task
from heldout.evaluation.reading import Expected, read_predictions, read_references
from heldout.evaluation.registry import find_metric
from heldout.evaluation.scoring import score
from heldout.evaluation.vision.coco_results import read_results
from heldout.evaluation.vision.warming import compile_kernels

TASKS = {"bbox": find_task("object-detection"), "segm": find_task("instance-segmentation")}


def ours(gt: Path, dt: Path, replicates: int, kind: str = "bbox") -> list[float]:
    task = TASKS[kind]
    references = read_references(gt, task=task)
    expected = Expected(references.example_ids, references.classes, public=references.public)
    predictions = read_predictions(dt, task=task, expected=expected)
    metric = find_metric(f"coco-{kind}", task=task)
    scores = score(predictions, references, [metric], seed=1, replicates=replicates).scores
    return [one.value for one in scores if one.value is not None]


def by_hotcoco(gt: Path, dt: Path, kind: str = "bbox") -> list[float]:
    references = hotcoco.COCO(str(gt))
    evaluation = hotcoco.COCOeval(references, references.load_res(str(dt)), kind)
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


def quietly(function: Callable[..., list[float]], *arguments: object) -> list[float]:
    with contextlib.redirect_stdout(io.StringIO()):
        return function(*arguments)


def main() -> None:
    share = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    compile_kernels()
    for bench in (bench_masks, bench_reading, bench_boxes):
        with tempfile.TemporaryDirectory() as name:
            bench(Path(name), share)
    print(f"peak memory of all of it: {peak_memory()}")


def bench_boxes(folder: Path, share: float) -> None:
    files = write_files(folder, share=share)
    reference: list[float] = []
    once = measure_once(lambda: reference.extend(quietly(by_pycocotools, *files)))
    for found in (ours(*files, 0), quietly(by_hotcoco, *files)):
        assert np.allclose(found, reference, rtol=0, atol=1e-9)
    fast = cpu_seconds(lambda: quietly(by_hotcoco, *files), repeat=3)
    plain = cpu_seconds(lambda: ours(*files, 0), repeat=3)
    resampled = cpu_seconds(lambda: ours(*files, 1000), repeat=3)
    report("read + 12 numbers", ours=plain, theirs=once, peer="pycocotools")
    report("read + 12 numbers", ours=plain, theirs=fast, peer="hotcoco")
    report("read + 1,000 resamples", ours=resampled, theirs=once, peer="pycocotools, none")


def bench_masks(folder: Path, share: float) -> None:
    files = write_files(folder, share=share, masks=True)
    expected = quietly(by_hotcoco, *files, "segm")
    assert np.allclose(ours(*files, 0, "segm"), expected, rtol=0, atol=1e-9)
    fast = cpu_seconds(lambda: quietly(by_hotcoco, *files, "segm"), repeat=3)
    plain = cpu_seconds(lambda: ours(*files, 0, "segm"), repeat=3)
    size = files[1].stat().st_size / 1e6
    report(f"masks, {size:,.0f} MB: read + 12 numbers", ours=plain, theirs=fast, peer="hotcoco")


def bench_reading(folder: Path, share: float) -> None:
    """Read detections alone, every row checked, from JSON and from Parquet."""
    gt, dt = write_files(folder, share=share)
    task = TASKS["bbox"]
    layout = read_references(gt, task=task).public
    tables = folder / "polars.parquet", folder / "pyarrow.parquet"
    pl.read_json(dt).write_parquet(tables[0])
    pq.write_table(pl.read_parquet(tables[0]).to_arrow(), tables[1])
    text = dt.read_bytes()
    parsed = cpu_seconds(lambda: json.JSONDecoder().decode(text.decode()), repeat=3)
    for file in (dt, *tables):
        read = cpu_seconds(
            lambda file=file: read_results(file, family=task.family, layout=layout), repeat=5
        )
        report(
            f"detections of {file.name}, checked", ours=read, theirs=parsed, peer="json, unchecked"
        )


def measure_once(function: Callable[[], object]) -> float:
    start = time.process_time()
    function()
    return time.process_time() - start


if __name__ == "__main__":
    main()
