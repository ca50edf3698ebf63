"""COCO's average precision and recall of boxes."""

from __future__ import annotations

from dataclasses import dataclass

from heldout.datasets.tasks import Family
from heldout.evaluation.data import Floats
from heldout.evaluation.vision import coco_numbers
from heldout.evaluation.vision.accumulation import Summary
from heldout.evaluation.vision.average_precision import AveragePrecision
from heldout.evaluation.vision.matching import Rules
from heldout.evaluation.vision.similarity import box_overlap


@dataclass(frozen=True)
class CocoBbox(AveragePrecision):
    """Average precision of boxes over IoU 0.50 to 0.95, categories, sizes and detection counts.

    A detection is right if it overlaps an object of its category, not taken by a better one, by
    the threshold. Precision, made non-increasing, is averaged over 101 recalls, then over the ten
    thresholds and the categories. AR1, AR10 and AR100 keep as many detections per image *and
    category*.

    Traps: a category without an object that counts leaves the mean, on every resample and in every
    subgroup anew. Sizes go by the annotated `area`, for detections by that of the box. What lies in
    a crowd is neither right nor wrong. The score is biased upward on few images: compare subgroups
    with random ones of the same size. Annotation ids are not used, so that id 0 matches like any
    other, which it cannot in pycocotools.
    """

    id = "coco-bbox"
    title = "COCO box AP"
    families = frozenset({Family.BOXES, Family.MASKS})
    needs = "boxes with scores"
    source = "pycocotools COCOeval (bbox)"
    labels = coco_numbers.NAMES
    cuts = coco_numbers.CUTS

    def rules(self) -> Rules:
        """Match by IoU, in four ranges of areas."""
        return Rules(
            box_overlap, coco_numbers.THRESHOLDS, coco_numbers.AREAS, most=coco_numbers.MOST
        )

    def numbers_of(self, summary: Summary) -> list[Floats]:
        """Return the twelve numbers."""
        return coco_numbers.twelve(summary)
