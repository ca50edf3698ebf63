"""COCO files of boxes, masks and keypoints; Pascal VOC's of boxes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from heldout.datasets.tasks import Family, Task
from heldout.evaluation.reading.expected import Expected
from heldout.evaluation.vision.coco_references import read_ground_truth
from heldout.evaluation.vision.coco_results import read_results
from heldout.evaluation.vision.objects import Layout, ObjectPredictions, ObjectReferences
from heldout.evaluation.vision.voc_references import is_voc, read_voc
from heldout.evaluation.vision.voc_results import read_voc_results


def read_references(path: Path, *, task: Task, classes: Sequence[str] | None) -> ObjectReferences:
    """Read COCO ground truth, whose images are named by their ids, or Pascal VOC's folder."""
    if is_voc(path):
        return read_voc(path, family=task.family, classes=classes)
    return read_ground_truth(path, family=task.family, classes=classes)


def read_predictions(path: Path, *, task: Task, expected: Expected) -> ObjectPredictions:
    """Read COCO results in JSON or Parquet, or Pascal VOC's folder of text files."""
    assert isinstance(expected.public, Layout), "expected.public is the references' public"
    if path.is_dir() and task.family is Family.BOXES:
        return read_voc_results(path, layout=expected.public)
    return read_results(path, family=task.family, layout=expected.public)
