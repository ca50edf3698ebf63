"""What a format is: the one shape all of them share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import polars as pl

from heldout.datasets.annotations.dataset import Category, DataSet, Licence
from heldout.errors import Problems

PLACE = "place"  # Where a row is, as a person would look for it.


class Trait(StrEnum):
    """What a format may be able to hold. The values are how a loss is told."""

    IDS = "ids of examples (replaced by file names)"
    SPLITS = "splits"
    METADATA = "metadata columns"
    LICENCES = "licences and authors of single images"
    LABELS = "labels of whole examples"
    SEVERAL_LABELS = "second and further labels of an example"
    BOXES = "boxes"
    ROTATION = "rotations of boxes (upright boxes stay)"
    POLYGONS = "polygons (their boxes stay)"
    SEVERAL_POLYGONS = "second and further polygons of an object"
    MASKS = "masks (drawn as polygons or boxes)"
    KEYPOINTS = "keypoints"
    SEGMENTS = "segments of maps"
    SEVERAL_SEGMENTS = "second and further segments of a class in an image (they become one)"
    CAPTIONS = "captions"
    ANSWERS = "answers"
    QUESTIONS = "questions"
    CROWDS = "marks of crowds"
    ATTRIBUTES = "attributes of annotations"
    ORIGINS = "marks of who made an annotation"
    ANNOTATORS = "names of annotators"
    SCORES = "scores of machines"
    HIERARCHY = "parents of categories"
    NUMBERS = "numbers of categories"
    LOOSE_EXAMPLES = "examples without an image"
    CATEGORYLESS = "objects without a category"


EVERYTHING = frozenset(Trait)


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A data set as its files say it is, before anything was checked.

    Attributes:
        examples: As in `DataSet`, with the column `place`.
        annotations: As in `DataSet`, with the column `place`.
        categories: None where the format declares none: those that occur are the categories.
        licences: As in `DataSet`.
        info: As in `DataSet`.
        root: As in `DataSet`.
    """

    examples: pl.DataFrame
    annotations: pl.DataFrame
    categories: tuple[Category, ...] | None = None
    licences: tuple[Licence, ...] = ()
    info: Mapping[str, str] = field(default_factory=dict)
    root: Path | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """What is to be read.

    Attributes:
        path: The file or folder.
        images: The folder of the images, where it is not the one the format implies.
        scratch: An empty folder for images that have to be unpacked; it must outlive the data set.
    """

    path: Path
    images: Path | None = None
    scratch: Path | None = None

    def unpacking(self, problems: Problems) -> Path | None:
        """Return the folder to unpack into; None, and a problem, where there is none."""
        if self.scratch is None:
            problems.add(self.path.name, "has its images inside", "name a folder to unpack into")
        return self.scratch


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes:
        id: Its short name.
        title: Its name for people.
        layout: What is read, in one line for people.
        holds: What it can hold; everything else is a loss.
        recognise: Whether a file or folder looks like it.
        read: Returns what the files say and adds what is wrong to the problems; None where nothing
            can be read at all, having said why.
        write: Writes a data set into an empty folder.
    """

    id: str
    title: str
    layout: str
    holds: frozenset[Trait]
    recognise: Callable[[Path], bool]
    read: Callable[[Source, Problems], Draft | None]
    write: Callable[[DataSet, Path], None]


def all_but(*traits: Trait) -> frozenset[Trait]:
    """Return every trait except these."""
    return EVERYTHING - set(traits)


def first_of(values: Sequence[str], default: str = "") -> str:
    """Return the first value that is not empty."""
    return next(filter(None, values), default)
