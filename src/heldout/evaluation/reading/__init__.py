"""Read references and predictions, and refuse what is wrong, all of it at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from heldout.datasets.tasks import Family, Task
from heldout.evaluation.data import Predictions, References
from heldout.evaluation.reading import (
    answers,
    captions,
    custom,
    label_sets,
    labels,
    masks,
    matches,
    objects,
    panoptic,
    values,
)
from heldout.evaluation.reading.expected import Expected, Missing

__all__ = ["Expected", "Missing", "read_predictions", "read_references"]


class Reader(Protocol):
    """What the module of a family offers."""

    def read_references(
        self, path: Path, *, classes: Sequence[str] | None, id_column: str
    ) -> References:
        """Read answers from a file or folder."""

    def read_predictions(self, path: Path, *, expected: Expected, id_column: str) -> Predictions:
        """Read predictions from a file or folder."""


class FileReader(Protocol):
    """What the module of a family offers whose files are not tables of examples."""

    def read_references(
        self, path: Path, *, task: Task, classes: Sequence[str] | None
    ) -> References:
        """Read answers from a file or folder."""

    def read_predictions(self, path: Path, *, task: Task, expected: Expected) -> Predictions:
        """Read predictions from a file or folder."""


FILES: dict[Family, FileReader] = {
    Family.BOXES: objects,
    Family.MASKS: objects,
    Family.POSES: objects,
    Family.PANOPTIC: panoptic,
    Family.SEMANTIC: masks,
    Family.ANSWERS: answers,
    Family.CAPTIONS: captions,
}

FAMILIES: dict[Family, Reader] = {
    Family.LABEL: labels,
    Family.LABEL_SET: label_sets,
    Family.NUMBER: values,
    Family.MATCHES: matches,
    Family.CUSTOM: custom,
}


def read_references(
    path: Path,
    *,
    task: Task,
    classes: Sequence[str] | None = None,
    id_column: str = "example_id",
) -> References:
    """Read the answers of a split.

    Args:
        path: CSV, JSON Lines or Parquet with `id_column`, `reference` and any further columns, or
            what the task's own format is: a COCO file, a folder of masks.
        task: Decides what a reference looks like.
        classes: The declared classes in their order; None takes the references, whole numbers
            by size and all else as text.
        id_column: The name of the column of ids.

    Raises:
        BadInput: With every problem. The messages quote references: show them to organisers only.
    """
    if task.family in FILES:
        return FILES[task.family].read_references(path, task=task, classes=classes)
    return FAMILIES[task.family].read_references(path, classes=classes, id_column=id_column)


def read_predictions(
    path: Path, *, task: Task, expected: Expected, id_column: str = "example_id"
) -> Predictions:
    """Read predictions into the order of the expected examples.

    Raises:
        BadInput: With every problem, its line or row and the way out. No message holds anything
            but the file itself, the public ids and the declared classes.
    """
    if task.family in FILES:
        return FILES[task.family].read_predictions(path, task=task, expected=expected)
    return FAMILIES[task.family].read_predictions(path, expected=expected, id_column=id_column)
