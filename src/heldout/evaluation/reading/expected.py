"""What predictions are checked against. It holds no answer, so no message can reveal one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import polars as pl

from heldout.datasets.kinds import Kind
from heldout.errors import did_you_mean
from heldout.evaluation.reading.faults import LONGEST, quoted


class Missing(StrEnum):
    """What happens to an example without a prediction."""

    REFUSE = "refuse"
    WRONG = "wrong"


@dataclass(frozen=True, eq=False)
class Expected:
    """The examples to predict and the classes to choose from.

    Attributes:
        example_ids: Text, each once, in the order of the references.
        classes: In the declared order.
        missing: The rule for examples without a prediction.
        declared: Whether the classes were published by the organiser. Where they were only seen
            among the references, no message names one of them.
        public: The references' `public`: the ids of categories and sizes of images, for instance.
        answers: For a custom task, which columns of the references are to be predicted.
        needed: For a custom task, which columns predictions must have, and what their cells are:
            see `Metric.needed_columns`.
    """

    example_ids: pl.Series
    classes: tuple[str, ...] = ()
    missing: Missing = Missing.REFUSE
    declared: bool = True
    public: object = None
    answers: tuple[str, ...] = ()
    needed: Mapping[str, Kind | None] = field(default_factory=dict)

    def unknown(self, label: str) -> tuple[str, str]:
        """Return message and remedy for a label that is not one of the classes."""
        if not self.declared:
            return (
                f"label {quoted(label)} is not one of the classes",
                "declare the classes, or mend it",
            )
        listed = ", ".join(self.classes) if len(self.classes) <= 12 else ""
        remedy = did_you_mean(label[:LONGEST], self.classes) or (
            listed and f"the classes are {listed}"
        )
        return f"label {quoted(label)} is not one of the {len(self.classes)} classes", remedy
