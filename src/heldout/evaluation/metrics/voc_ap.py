"""Average precision as Pascal VOC has it."""

from __future__ import annotations

from dataclasses import dataclass

from heldout.evaluation.vision.voc import VocAveragePrecision


@dataclass(frozen=True)
class VocAp(VocAveragePrecision):
    """The area under the precision-recall curve, made non-increasing: Pascal VOC from 2010 on.

    Traps: a detection is compared with the object it overlaps most, and with no other: if that one
    is taken it is false, if that one is difficult it counts neither way. Both ends of a box belong
    to it: from x to x + width it is width + 1 pixels wide. An overlap of exactly 0.5 is enough, as
    in the development kit. A class without an object leaves the mean.
    """

    id = "voc-ap"
    title = "Pascal VOC AP"
    points = 0


@dataclass(frozen=True)
class VocAp07(VocAveragePrecision):
    """The mean of the largest precisions at recalls of 0, 0.1 … 1 or more: Pascal VOC until 2009.

    Traps: those of `voc-ap`. The two differ by a few points; say which one is meant.
    """

    id = "voc-ap07"
    title = "Pascal VOC 2007 AP"
    points = 11
