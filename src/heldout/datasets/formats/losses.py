"""What is lost when a data set is written in a format, counted before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

import polars as pl

from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.annotations.schema import (
    AUTHOR,
    HEIGHT,
    LICENCE,
    QUESTION,
    SOURCE,
    SPLIT,
    WIDTH,
    Kind,
)
from heldout.datasets.formats.format import Trait
from heldout.datasets.table import ID, MEDIA

FILE_NAME = "file_name"  # What the source called an image; never needed again.
_KNOWN = {ID, MEDIA, WIDTH, HEIGHT, SPLIT, LICENCE, AUTHOR, SOURCE, QUESTION, FILE_NAME}


class Loss(NamedTuple):
    """Something a format cannot hold.

    Attributes:
        trait: What.
        times: How often the data set has it.
    """

    trait: Trait
    times: int

    def __str__(self) -> str:
        return f"{self.times:,} {self.trait.value}"


def count_losses(dataset: DataSet, holds: Collection[Trait]) -> list[Loss]:
    """Return what of a data set is not among the traits a format holds."""
    counted = (Loss(trait, _COUNTS[trait](dataset)) for trait in Trait if trait not in holds)
    return [loss for loss in counted if loss.times]


def metadata_columns(dataset: DataSet) -> list[str]:
    """Return the columns of the examples that have no fixed meaning."""
    return [name for name in dataset.examples.columns if name not in _KNOWN]


def _present(*names: str) -> Callable[[DataSet], int]:
    """Count examples with any of these columns."""

    def count(dataset: DataSet) -> int:
        given = [name for name in names if name in dataset.examples.columns]
        if not given:
            return 0
        held = pl.any_horizontal(pl.col(name).is_not_null() for name in given)
        return dataset.examples.filter(held).height

    return count


def _annotations(condition: pl.Expr) -> Callable[[DataSet], int]:
    return lambda dataset: dataset.annotations.filter(condition).height


def _of(kind: Kind) -> pl.Expr:
    return pl.col("kind") == kind


def _second_labels(dataset: DataSet) -> int:
    labels = dataset.annotations.filter(_of(Kind.LABEL))
    return labels.height - labels[ID].n_unique()


def _second_segments(dataset: DataSet) -> int:
    segments = dataset.annotations.filter(_of(Kind.SEGMENT))
    return segments.height - segments.select(ID, "category").n_unique()


def _numbered(dataset: DataSet) -> int:
    """Numbers that are but the places of the categories are counted anew wherever they are needed."""
    given = [one.number for one in dataset.categories]
    places = given == [*range(len(given))]
    return 0 if places else sum(number is not None for number in given)


def _categories(dataset: DataSet, attribute: str) -> int:
    return sum(getattr(one, attribute) not in (None, ()) for one in dataset.categories)


def _without_image(dataset: DataSet) -> int:
    if MEDIA not in dataset.examples.columns:
        return len(dataset)
    return dataset.examples[MEDIA].null_count()


_POLYGONS = pl.col("polygons").list.len()
_COUNTS: dict[Trait, Callable[[DataSet], int]] = {
    Trait.IDS: len,
    Trait.SPLITS: _present(SPLIT),
    Trait.METADATA: lambda dataset: len(metadata_columns(dataset)),
    Trait.LICENCES: _present(LICENCE, AUTHOR, SOURCE),
    Trait.LABELS: _annotations(_of(Kind.LABEL)),
    Trait.SEVERAL_LABELS: _second_labels,
    Trait.BOXES: _annotations(_of(Kind.OBJECT) & pl.col("x0").is_not_null()),
    Trait.ROTATION: _annotations(pl.col("rotation").fill_null(0) != 0),
    Trait.POLYGONS: _annotations(_POLYGONS > 0),
    Trait.SEVERAL_POLYGONS: _annotations(_POLYGONS > 1),
    Trait.MASKS: _annotations(_of(Kind.OBJECT) & pl.col("mask").is_not_null()),
    Trait.KEYPOINTS: _annotations(pl.col("keypoints").is_not_null()),
    Trait.SEGMENTS: _annotations(_of(Kind.SEGMENT)),
    Trait.SEVERAL_SEGMENTS: _second_segments,
    Trait.CAPTIONS: _annotations(_of(Kind.CAPTION)),
    Trait.ANSWERS: _annotations(_of(Kind.ANSWER)),
    Trait.QUESTIONS: _present(QUESTION),
    Trait.CROWDS: _annotations(pl.col("crowd")),
    Trait.ATTRIBUTES: _annotations(pl.col("attributes").is_not_null()),
    Trait.ORIGINS: _annotations(pl.col("origin").is_not_null()),
    Trait.ANNOTATORS: _annotations(pl.col("annotator").is_not_null()),
    Trait.SCORES: _annotations(pl.col("score").is_not_null()),
    Trait.HIERARCHY: lambda dataset: _categories(dataset, "parents"),
    Trait.NUMBERS: lambda dataset: _numbered(dataset),
    Trait.LOOSE_EXAMPLES: _without_image,
    Trait.CATEGORYLESS: _annotations(_of(Kind.OBJECT) & pl.col("category").is_null()),
}
