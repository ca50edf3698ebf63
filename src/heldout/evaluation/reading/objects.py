"""COCO files of boxes, masks and keypoints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from heldout.datasets.tasks import Task
from heldout.evaluation.reading.expected import Expected
from heldout.evaluation.vision.coco_references import read_ground_truth
from heldout.evaluation.vision.coco_results import read_results
from heldout.evaluation.vision.objects import Layout, ObjectPredictions, ObjectReferences


def read_references(path: Path, *, task: Task, classes: Sequence[str] | None) -> ObjectReferences:
    """Read COCO ground truth; examples are images, named by their ids as text."""
    return read_ground_truth(path, family=task.family, classes=classes)


def read_predictions(path: Path, *, task: Task, expected: Expected) -> ObjectPredictions:
    """Read COCO results in JSON or Parquet."""
    assert isinstance(expected.public, Layout), "expected.public is the references' public"
    return read_results(path, family=task.family, layout=expected.public)
