"""How alike a detection and an object are, for every pair that could be matched."""

from __future__ import annotations

import numpy as np

from heldout.evaluation.data import Floats
from heldout.evaluation.vision.matching import Cells
from heldout.evaluation.vision.objects import Detections, Objects

# The spread of a person's nose, then of eyes, ears, shoulders, elbows, wrists, hips, knees and ankles,
# left and right: measured by COCO on people who annotated the same images.
PAIRED = (0.025, 0.035, 0.079, 0.072, 0.062, 0.107, 0.087, 0.089)
PERSON = np.array([0.026, *np.repeat(PAIRED, 2)])


def box_overlap(cells: Cells, detections: Detections, objects: Objects, out: Floats) -> None:
    """IoU of boxes; for a crowd, the share of the detection inside it."""
    from heldout.evaluation.vision.kernels import similarity as kernels

    assert detections.boxes is not None
    assert objects.boxes is not None
    kernels.box_overlap(*cells, detections.boxes, objects.boxes, objects.crowd, out)


def pixel_overlap(cells: Cells, detections: Detections, objects: Objects, out: Floats) -> None:
    """IoU of boxes whose both ends belong to them, as in Pascal VOC."""
    from heldout.evaluation.vision.kernels import similarity as kernels

    assert detections.boxes is not None
    assert objects.boxes is not None
    kernels.pixel_overlap(*cells, detections.boxes, objects.boxes, out)


def mask_overlap(cells: Cells, detections: Detections, objects: Objects, out: Floats) -> None:
    """IoU of masks; for a crowd, the share of the detection inside it."""
    from heldout.evaluation.vision.kernels import similarity as kernels

    mine, other = detections.masks, objects.masks
    assert mine is not None
    assert other is not None
    _, areas, extents = mine.measure()
    _, object_areas, object_extents = other.measure()
    kernels.mask_overlap(
        *cells, mine.runs, mine.starts, mine.ends, areas, extents, other.runs, other.starts,
        other.ends, object_areas, object_extents, objects.crowd, out,
    )  # fmt: skip


def keypoint_similarity(
    cells: Cells, detections: Detections, objects: Objects, out: Floats
) -> None:
    """Object keypoint similarity of persons."""
    from heldout.evaluation.vision.kernels import similarity as kernels

    assert detections.keypoints is not None
    assert objects.keypoints is not None
    assert objects.boxes is not None
    kernels.keypoint_similarity(
        *cells, detections.keypoints, objects.keypoints, objects.boxes, objects.area, PERSON, out
    )
