"""How a data set becomes public data and held-out answers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from heldout.datasets.holdout import hold_out
from heldout.datasets.manifest import Manifest
from heldout.datasets.readers import read_examples
from heldout.datasets.splits import ByTime, Grouped, Random, Splits, Stratified, given_splits, split
from heldout.datasets.table import ExampleTable
from heldout.datasets.tasks import Family, Task
from heldout.errors import BadInput, Problems

FRACTIONS = {"train": 0.6, "val": 0.2, "test": 0.2}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides the splits and what of them is public.

    Attributes:
        task: What a reference looks like.
        classes: The declared classes; None takes those that occur.
        fractions: The share of each split.
        held_out: The splits whose answers are kept back; None is all but the first.
        by: How to divide; None is stratified by the reference where it is a label, else random.
        seed: Of the random order.
        public: Metadata columns that held-out splits show; None is all of them for a task without
            media, whose columns are what to predict from, and else none.
        trusted: Public columns that may determine the answer.
        new_ids: Whether ids are replaced by ones that tell nothing.
        id_column: The column of ids in the source, if it is not `example_id`.
        media_column: The column of image paths, if it is not `image`.
        reference_column: The column of references, if it is not `reference`.
    """

    task: Task
    classes: tuple[str, ...] | None = None
    fractions: Mapping[str, float] = field(default_factory=lambda: dict(FRACTIONS))
    held_out: Collection[str] | None = None
    by: Random | Stratified | Grouped | ByTime | None = None
    seed: int = 0
    public: Collection[str] | None = None
    trusted: Collection[str] = ()
    new_ids: bool = False
    id_column: str | None = None
    media_column: str | None = None
    reference_column: str | None = None

    def read(self, source: Path) -> ExampleTable:
        """Read the data set: a table, or a folder with a folder of images per class.

        Raises:
            BadInput: With every problem, each with its place.
        """
        return read_examples(
            source,
            task=self.task,
            classes=self.classes,
            id_column=self.id_column,
            media_column=self.media_column,
            reference_column=self.reference_column,
        )

    def divide(self, table: ExampleTable) -> Splits:
        """Divide the data set into its splits.

        Raises:
            BadInput: The fractions or the column do not fit.
        """
        return split(table, fractions=self.fractions, seed=self.seed, by=self.by or self._method())

    def read_splits(self, sources: Mapping[str, Path]) -> Splits:
        """Read splits that were made elsewhere, each from its own table or folder.

        Raises:
            BadInput: With every problem of all of them, or an example that is in two splits.
        """
        problems, tables = Problems(), dict[str, ExampleTable]()
        for name, source in sources.items():
            try:
                tables[name] = self.read(source)
            except BadInput as error:
                for found in error.problems:
                    problems.add(f"{name}: {found.place}", found.message, found.remedy)
        problems.refuse_if_any()
        classes = self.classes or sorted({name for t in tables.values() for name in t.classes})
        return given_splits(
            {name: replace(table, classes=tuple(classes)) for name, table in tables.items()}
        )

    def hold_out(self, splits: Splits, *, data: Path, answers: Path) -> Manifest:
        """Write public data and held-out answers to two new folders.

        Raises:
            BadInput: Something public would give answers away.
        """
        return hold_out(
            splits,
            held_out=self.kept_back(splits),
            data=data,
            answers=answers,
            public=self._public(splits),
            trusted=self.trusted,
            new_ids=self.new_ids,
        )

    def kept_back(self, splits: Iterable[str]) -> tuple[str, ...]:
        """Return which of these splits' answers are kept back."""
        return tuple(splits)[1:] if self.held_out is None else tuple(self.held_out)

    def _method(self) -> Random | Stratified:
        unlike = self.task.family in (Family.NUMBER, Family.CUSTOM)
        return Random() if unlike else Stratified()

    def _public(self, splits: Splits) -> Collection[str]:
        if self.public is not None:
            return self.public
        if self.task.media != "none":
            return ()
        return next(iter(splits.parts.values())).metadata
