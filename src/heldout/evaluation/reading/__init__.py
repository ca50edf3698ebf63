"""Read references and predictions, and refuse what is wrong, all of it at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from heldout.datasets.tasks import Family, Task
from heldout.evaluation.data import Predictions, References
from heldout.evaluation.reading import labels
from heldout.evaluation.reading.expected import Expected, Missing
from heldout.evaluation.reading.table import Table, read_table

__all__ = ["Expected", "Missing", "read_predictions", "read_references"]


class Reader(Protocol):
    """What the module of a family offers."""

    def read_references(
        self, table: Table, *, classes: Sequence[str] | None, id_column: str
    ) -> References:
        """Read answers from a table."""

    def read_predictions(self, table: Table, *, expected: Expected, id_column: str) -> Predictions:
        """Read predictions from a table."""


FAMILIES: dict[Family, Reader] = {Family.LABEL: labels}


def read_references(
    path: Path,
    *,
    task: Task,
    classes: Sequence[str] | None = None,
    id_column: str = "example_id",
) -> References:
    """Read the answers of a split.

    Args:
        path: CSV, JSON Lines or Parquet with `id_column`, `reference` and any further columns.
        task: Decides what a reference looks like.
        classes: The declared classes in their order; None takes the sorted references.
        id_column: The name of the column of ids.

    Raises:
        BadInput: With every problem. The messages quote references: show them to organisers only.
    """
    return FAMILIES[task.family].read_references(
        read_table(path), classes=classes, id_column=id_column
    )


def read_predictions(
    path: Path, *, task: Task, expected: Expected, id_column: str = "example_id"
) -> Predictions:
    """Read predictions into the order of the expected examples.

    Raises:
        BadInput: With every problem, its line or row and the way out. No message holds anything
            but the file itself, the public ids and the declared classes.
    """
    return FAMILIES[task.family].read_predictions(
        read_table(path), expected=expected, id_column=id_column
    )
