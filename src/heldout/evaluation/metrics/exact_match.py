"""Exact match of whole rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from heldout.datasets.kinds import Kind
from heldout.datasets.tasks import Family
from heldout.errors import Problem, did_you_mean
from heldout.evaluation.data import CustomPredictions, CustomReferences
from heldout.evaluation.metric import AdditiveMetric, Method
from heldout.evaluation.stats import ExampleStats


@dataclass(frozen=True)
class ExactMatch(AdditiveMetric[CustomPredictions, CustomReferences]):
    """The share of examples of which every column is predicted exactly.

    Columns that make subgroups, curves, pairs or clusters are not compared unless they are named.

    Traps: exactly means exactly: capitals and spaces count in text, and 0.1 is not 0.1000001; but
    7 and 7.0 are the same number. An empty cell says "nothing", and is right where the reference
    is empty too. One wrong column of many makes the example wrong.

    Attributes:
        columns: Those that are compared, joined by `|`; all if left out.
    """

    id = "exact-match"
    title = "Exact match"
    families = frozenset({Family.CUSTOM})
    needs = "the columns of the references"
    source = "by definition"
    interval = Method.WILSON
    accepts_missing = True

    columns: str = ""

    def needed_columns(self, answers: Sequence[str]) -> dict[str, Kind | None]:
        """Return the columns that are compared."""
        return dict.fromkeys(self.columns.split("|") if self.columns else answers)

    def unfit(self, references: CustomReferences, answers: Sequence[str]) -> Iterator[Problem]:
        """Ask for columns to compare that are there."""
        known = references.columns.columns
        compared = self.needed_columns(answers)
        if not compared:
            remedy = f"name one: {self.id}:columns={known[0] if known else '…'}"
            message = "has nothing to compare: every column of the references makes groups"
            yield Problem(f"metric {self.key}", message, remedy)
        for name in compared:
            if name not in known:
                remedy = did_you_mean(name, known) or f"there are {', '.join(known)}"
                yield Problem(f"metric {self.key}", f'references have no column "{name}"', remedy)

    def per_example(
        self, predictions: CustomPredictions, references: CustomReferences
    ) -> ExampleStats:
        """Keep whether all columns are right."""
        right = ~predictions.missing
        for name in self.needed_columns(predictions.answers):
            right &= predictions.columns[name].eq_missing(references.columns[name]).to_numpy()
        return self.stats(references, terms=right.astype(np.uint8))
