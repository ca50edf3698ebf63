"""COCO's numbers against faster-coco-eval, an implementation in C++ that is not pycocotools."""

import contextlib
import copy
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faster_coco_eval import COCO, COCOeval_faster
from hypothesis import given, settings
from hypothesis import strategies as st

TASKS = {"bbox": "object-detection", "segm": "instance-segmentation"}


def by_faster_coco_eval(truth: Any, results: list[Any], kind: str) -> list[float]:
    """Score copies, as it writes into what it is given; undefined numbers are NaN, not its -1."""
    with contextlib.redirect_stdout(io.StringIO()):
        references = COCO(copy.deepcopy(truth))
        detections = references.loadRes(copy.deepcopy(results))
        evaluation = COCOeval_faster(references, detections, kind)
        evaluation.run()
    return [float("nan") if value == -1 else float(value) for value in evaluation.stats[:12]]


@pytest.mark.parametrize("kind", TASKS)
@settings(max_examples=8)
@given(seed=st.integers(0, 2**32 - 1))
def test_numbers_equal_those_of_faster_coco_eval(
    make_problem: Any, stats_of: Any, kind: str, seed: int
) -> None:
    truth, results = make_problem(seed, with_masks=kind == "segm")
    ours = stats_of(truth, results, TASKS[kind], f"coco-{kind}").reduce()
    np.testing.assert_allclose(ours, by_faster_coco_eval(truth, results, kind), atol=1e-9)


def test_the_fake_results_score_the_same(cases: Path, stats_of_files: Any) -> None:
    folder = cases / "metrics"
    case = json.loads((folder / "coco_expected.json").read_text())["fake100/bbox"]
    truth, results = (json.loads((folder / case[name]).read_text()) for name in ("gt", "dt"))
    ours = stats_of_files(
        folder / case["gt"], folder / case["dt"], "object-detection", "coco-bbox"
    ).reduce()
    np.testing.assert_allclose(ours, by_faster_coco_eval(truth, results, "bbox"), atol=1e-9)
