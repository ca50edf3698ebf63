"""Masks with one class per pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from heldout.errors import Problems
from heldout.evaluation.data import AnyArray, Flags, Predictions, References
from heldout.evaluation.vision.pictures import Pictures, read_codes

IGNORE = 255  # No class, in references and predictions alike.


@dataclass(frozen=True, eq=False)
class MaskLayout:
    """What predictions are checked against: public, and none of it an answer.

    Attributes:
        example_ids: Names of the masks without their ending.
        sizes: (n, 2) height and width.
        classes: Their number; pixel values count from 0.
    """

    example_ids: pl.Series
    sizes: AnyArray
    classes: int


@dataclass(frozen=True, eq=False, kw_only=True)
class MaskReferences(References):
    """The true masks, which stay in their files.

    Attributes:
        pictures: Where the masks are.
        files: Name of each example's mask.
        instances: Name of each example's mask of instances; empty where there are none.
        names: Of the classes.
        layout: What is public of the masks.
    """

    pictures: Pictures
    files: Sequence[str]
    instances: Sequence[str]
    names: tuple[str, ...]
    layout: MaskLayout

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that pixel values refer to."""
        return self.names

    @property
    def public(self) -> MaskLayout:
        """The masks that predictions must have."""
        return self.layout


@dataclass(frozen=True, eq=False, kw_only=True)
class MaskPredictions(Predictions):
    """The predicted masks; an empty name for an example without one."""

    pictures: Pictures
    files: Sequence[str]


def load_mask(pictures: Pictures, name: str) -> AnyArray:
    """Return the codes of a mask that has been checked before."""
    problems = Problems()
    codes = read_codes(pictures, name, problems)
    problems.refuse_if_any()
    assert codes is not None
    return codes


def load_prediction(predictions: MaskPredictions, example: int, like: AnyArray) -> AnyArray:
    """Return a predicted mask; no class everywhere where there is none."""
    name = predictions.files[example]
    return load_mask(predictions.pictures, name) if name else np.full_like(like, IGNORE)


def count_pixels(true: AnyArray, found: AnyArray, counted: Flags, classes: int) -> AnyArray:
    """Return (3, classes): pixels that are right, that are of the class, that are predicted to be.

    Args:
        true: Class of each pixel.
        found: Predicted class of each pixel.
        counted: Which pixels count.
        classes: Their number; values beyond count for no class.
    """
    true, found = true[counted], found[counted]
    right = true[true == found]
    rows = [np.bincount(one, minlength=classes)[:classes] for one in (right, true, found)]
    return np.stack(rows)
