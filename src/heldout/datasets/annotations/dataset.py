"""A data set with its annotations: what every reader of `heldout.datasets.formats` returns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import polars as pl

from heldout.datasets.annotations.schema import LICENCE, SPLIT, Kind, annotation_frame
from heldout.datasets.table import ID, MEDIA, REFERENCE, ExampleTable
from heldout.datasets.tasks import Family, Task


class Category(msgspec.Struct, frozen=True, omit_defaults=True):
    """A class of objects, segments or whole examples.

    Attributes:
        name: Unique in the data set.
        parents: Names of the classes it belongs to; they need not be categories themselves.
        number: The id the source gave it; writers of numbered formats use it again.
        thing: Whether it can be counted (a panoptic "thing") or not ("stuff"); None if unknown.
        keypoints: The names of its keypoints.
        skeleton: Pairs of keypoints to be joined by a line, counted from 0.
        colour: Red, green and blue, 0 to 255.
        description: What counts as one.
    """

    name: str
    parents: tuple[str, ...] = ()
    number: int | None = None
    thing: bool | None = None
    keypoints: tuple[str, ...] = ()
    skeleton: tuple[tuple[int, int], ...] = ()
    colour: tuple[int, int, int] | None = None
    description: str = ""


class Licence(msgspec.Struct, frozen=True, omit_defaults=True):
    """A licence that items of the data set are under.

    Attributes:
        name: Unique in the data set; the column `licence` of the examples holds it.
        url: Where its text stands.
        number: The id the source gave it.
    """

    name: str
    url: str = ""
    number: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class DataSet:
    """Examples, what is known about them, and what the data set says of itself.

    Attributes:
        examples: One row per example: `example_id` (text, unique), `image` (relative to `root`), then
            what is known of `width`, `height`, `split`, `licence`, `author`, `source`, `question`,
            and further metadata.
        annotations: One row per annotation, in the columns of `ANNOTATIONS`.
        categories: In their order.
        licences: Those the examples name.
        info: Title, version, year, address and the like, as the source words them.
        root: The folder the paths in `image` are relative to.
    """

    examples: pl.DataFrame
    annotations: pl.DataFrame = field(default_factory=lambda: annotation_frame({}))
    categories: tuple[Category, ...] = ()
    licences: tuple[Licence, ...] = ()
    info: Mapping[str, str] = field(default_factory=dict)
    root: Path | None = None

    def __len__(self) -> int:
        return self.examples.height

    @property
    def splits(self) -> tuple[str, ...]:
        """The names of the splits, in their order; empty where the source knows none."""
        if SPLIT not in self.examples.columns:
            return ()
        return tuple(self.examples[SPLIT].drop_nulls().unique(maintain_order=True))

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of annotations that occur."""
        found = set(self.annotations["kind"])
        return tuple(kind for kind in Kind if kind in found)

    def media_paths(self) -> list[Path | None]:
        """Where the images are, in the order of the rows; None for an example without one."""
        root = self.root or Path()
        if MEDIA not in self.examples.columns:
            return [None] * len(self)
        return [None if name is None else root / name for name in self.examples[MEDIA]]

    def take(self, ids: Iterable[str]) -> DataSet:
        """Return the examples with these ids and their annotations, in the data set's order."""
        wanted = pl.Series(ID, list(ids), dtype=pl.String)
        return replace(
            self,
            examples=self.examples.filter(pl.col(ID).is_in(wanted.implode())),
            annotations=self.annotations.filter(pl.col(ID).is_in(wanted.implode())),
        )

    def part(self, split: str) -> DataSet:
        """Return one split."""
        return self.take(self.examples.filter(pl.col(SPLIT) == split)[ID])

    def table(self, task: Task) -> ExampleTable:
        """Return the examples as the table that splitting and holding out take.

        For tasks of classification the labels of the examples become the column `reference`.
        """
        frame = self.examples
        if task.family in (Family.LABEL, Family.LABEL_SET) and REFERENCE not in frame.columns:
            frame = frame.join(self._references(task), on=ID, how="left", maintain_order="left")
        classes = tuple(one.name for one in self.categories) if task.has_classes else ()
        return ExampleTable(frame, task, classes, self.root)

    def _references(self, task: Task) -> pl.DataFrame:
        labels = self.annotations.filter(pl.col("kind") == Kind.LABEL)
        value = pl.col("category")
        chosen = value.first() if task.family is Family.LABEL else value
        return labels.group_by(ID, maintain_order=True).agg(chosen.alias(REFERENCE))

    def used_licences(self) -> tuple[Licence, ...]:
        """Return the licences at least one example is under."""
        if LICENCE not in self.examples.columns:
            return ()
        names = set(self.examples[LICENCE])
        return tuple(one for one in self.licences if one.name in names)


def merge(parts: Sequence[DataSet]) -> DataSet:
    """Put data sets of disjoint examples together; categories and licences are united by name."""
    categories = {one.name: one for part in reversed(parts) for one in part.categories}
    licences = {one.name: one for part in reversed(parts) for one in part.licences}
    order = {one.name: None for part in parts for one in part.categories}
    licence_order = {one.name: None for part in parts for one in part.licences}
    info: dict[str, str] = {}
    for part in reversed(parts):
        info |= part.info
    return DataSet(
        examples=pl.concat([part.examples for part in parts], how="diagonal_relaxed"),
        annotations=pl.concat([part.annotations for part in parts]),
        categories=tuple(categories[name] for name in order),
        licences=tuple(licences[name] for name in licence_order),
        info=info,
        root=parts[0].root,
    )
