"""How far apart in a hierarchy the prediction and the truth are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from heldout.datasets.tasks import Family
from heldout.errors import BadInput, Problem
from heldout.evaluation.data import MISSING, Codes, Floats, LabelPredictions, LabelReferences
from heldout.evaluation.hierarchy import CycleError, common_heights, parents_in_names
from heldout.evaluation.metric import AdditiveMetric, Number
from heldout.evaluation.reading.columns import require
from heldout.evaluation.reading.faults import Faults
from heldout.evaluation.reading.table import read_table
from heldout.evaluation.stats import ExampleStats

CLASS, PARENT = "class", "parent"


@dataclass(frozen=True)
class HierarchicalError(AdditiveMetric[LabelPredictions, LabelReferences]):
    """The mean height of the lowest common ancestor of prediction and reference; 0 if they agree.

    The height of a class is the longest way down to a class without any below it: taking one dog
    for another is a small error, taking a dog for a lorry a large one. Of k predictions the nearest
    counts.

    Traps: the unit is a level of this hierarchy, so that values of different hierarchies cannot be
    compared. With several parents (WordNet) the lowest of all common ancestors counts. Without a
    file the hierarchy is what the class names spell out (`animal/dog/poodle`); names without `/`
    make it the error rate. A missing example counts as far away as anything is.

    Attributes:
        tree: A table with the columns `class` and `parent`, a row for each parent of a class.
        k: How many predictions count.
    """

    id = "hierarchical-error"
    title = "Hierarchical error"
    families = frozenset({Family.LABEL})
    needs = "labels, ranked where k is more than 1"
    source = "ILSVRC 2010, hierarchical cost; networkx in tests"
    accepts_missing = True

    tree: str = ""
    k: int = 1

    def __post_init__(self) -> None:
        if self.k < 1:
            raise ValueError(f"k is {self.k}, which is less than 1")

    @property
    def numbers(self) -> tuple[Number, ...]:
        """One number, from 0 upwards."""
        return (Number(self.id, high=np.inf, higher_is_better=False),)

    def unmet(self, predictions: LabelPredictions) -> Iterator[Problem]:
        """Ask for k labels, unless there are scores."""
        yield from super().unmet(predictions)
        given = 1 if predictions.ranked is None else predictions.ranked.shape[1]
        if self.k > 1 and predictions.scores is None and given < self.k:
            remedy = f"give columns prediction_1 … prediction_{self.k}, or scores"
            yield Problem(f"metric {self.key}", f"needs {self.k} labels per example", remedy)

    def per_example(
        self, predictions: LabelPredictions, references: LabelReferences
    ) -> ExampleStats:
        """Keep the height of each example's mistake."""
        heights = self._heights(references.classes)
        chosen = _chosen(predictions, self.k)
        found = heights[np.where(chosen == MISSING, 0, chosen), references.labels[:, None]]
        found = np.where(chosen == MISSING, heights.max(initial=0), found)
        return self.stats(references, terms=found.min(axis=1, initial=np.inf))

    def _heights(self, classes: Sequence[str]) -> Floats:
        parents = _read_parents(Path(self.tree)) if self.tree else parents_in_names(classes)
        place = f"metric {self.key}"
        strange = [name for name in classes if name not in parents]
        if strange:
            named = ", ".join(strange[:10]) + (" …" if len(strange) > 10 else "")
            remedy = "give each class a row with its parent"
            raise BadInput([Problem(place, f"not in the hierarchy: {named}", remedy)])
        try:
            return common_heights(classes, parents)
        except CycleError:
            message = "a class of the hierarchy is above itself"
            raise BadInput([Problem(place, message, "break the circle of parents")]) from None


def _read_parents(path: Path) -> dict[str, set[str]]:
    table = read_table(path)
    faults = Faults.of(table)
    require(table, faults, CLASS, PARENT)
    faults.refuse_if_any()
    parents: dict[str, set[str]] = {}
    for name, parent in table.frame.select(CLASS, PARENT).iter_rows():
        parents.setdefault(str(name), set()).add("" if parent is None else str(parent))
    return parents


def _chosen(predictions: LabelPredictions, k: int) -> Codes:
    """Return the k best labels of each example: (n, k)."""
    if k == 1:
        return predictions.labels[:, None]
    if predictions.scores is not None:
        scores = np.where(predictions.missing[:, None], 0, predictions.scores)
        best: Codes = np.argsort(-scores, axis=1, kind="stable")[:, :k].astype(np.int32)
        return np.where(predictions.missing[:, None], np.int32(MISSING), best)
    assert predictions.ranked is not None
    return predictions.ranked[:, :k]
