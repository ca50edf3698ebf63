"""What a person sees who has not installed the extra."""

import subprocess
import sys

from heldout.evaluation.vision.kernels import (
    accumulation,
    masks,
    matching,
    results_text,
    similarity,
)
from heldout.evaluation.vision.warming import compile_kernels

CODE = """
import sys
sys.modules["numba"] = None  # As if it were not installed.
from heldout.datasets.tasks import Family
from heldout.errors import MissingExtra
from heldout.evaluation.registry import all_metrics
from heldout.evaluation.vision.coco_results import scan
assert {"coco-bbox", "panoptic", "miou"} <= {metric.id for metric in all_metrics()}
try:
    scan(b"[]", 1, Family.BOXES)
except MissingExtra as error:
    print(error)
"""


def test_metrics_are_listed_without_the_extra_and_name_it_when_used() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == (
        "scoring boxes, masks and keypoints needs an extra: pip install 'heldout[vision]'"
    )


def test_kernels_are_compiled_beforehand() -> None:
    compile_kernels()
    called = [
        accumulation.average_precision,
        masks.read_runs,
        masks.measure_masks,
        masks.box_masks,
        masks.polygon_runs,
        masks.united_runs,
        matching.match_cells,
        matching.match_nearest,
        results_text.scan_results,
        similarity.box_overlap,
        similarity.pixel_overlap,
        similarity.keypoint_similarity,
        similarity.mask_overlap,
    ]
    assert all(kernel.signatures for kernel in called)  # type: ignore[attr-defined]
