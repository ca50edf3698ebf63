"""Panoptic quality over all categories, over things and over stuff."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.evaluation.data import Flags
from heldout.evaluation.vision.panoptic_quality import PanopticQuality


@dataclass(frozen=True)
class Panoptic(PanopticQuality):
    """Panoptic quality: the overlap of matched segments / (TP + FP / 2 + FN / 2), per category.

    Segments match if they overlap by more than half, which leaves one partner at most. PQ is the
    product of SQ, the mean overlap of the matched, and RQ, their F1; each is averaged over the
    categories.

    Traps: void pixels of the reference are no part of a union, and a segment mostly in void or in a
    crowd of its category is no false positive. A category that neither the references nor the
    predictions have leaves the mean, on every resample and in every subgroup anew; one without a
    match has SQ 0. The mean of products is not the product of the means.
    """

    id = "panoptic"
    title = "Panoptic quality"

    def averaged(self, things: Flags) -> Flags:
        """Average all categories."""
        return np.ones_like(things)


@dataclass(frozen=True)
class PanopticThings(PanopticQuality):
    """Panoptic quality averaged over the categories of countable things.

    Traps: those of `panoptic`.
    """

    id = "panoptic-things"
    title = "Panoptic quality of things"

    def averaged(self, things: Flags) -> Flags:
        """Average things."""
        return things


@dataclass(frozen=True)
class PanopticStuff(PanopticQuality):
    """Panoptic quality averaged over the categories of uncountable stuff, such as sky.

    Traps: those of `panoptic`.
    """

    id = "panoptic-stuff"
    title = "Panoptic quality of stuff"

    def averaged(self, things: Flags) -> Flags:
        """Average stuff."""
        return ~things
