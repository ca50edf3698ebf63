"""COCO's average precision and recall of masks."""

from __future__ import annotations

from dataclasses import dataclass

from heldout.datasets.tasks import Family
from heldout.evaluation.data import Floats
from heldout.evaluation.vision import coco_numbers
from heldout.evaluation.vision.accumulation import Summary
from heldout.evaluation.vision.average_precision import AveragePrecision
from heldout.evaluation.vision.matching import Rules
from heldout.evaluation.vision.similarity import mask_overlap


@dataclass(frozen=True)
class CocoSegm(AveragePrecision):
    """Average precision of masks: `coco-bbox` with the IoU of the pixels.

    Traps: those of `coco-bbox`. Polygons are filled as the COCO tools fill them, on a grid five
    times finer than the pixels. Where the first entry of the results has a `bbox`, the size of
    every detection is that of its box instead of its mask, as in pycocotools.
    """

    id = "coco-segm"
    title = "COCO mask AP"
    families = frozenset({Family.MASKS})
    needs = "masks with scores"
    source = "pycocotools COCOeval (segm)"
    labels = coco_numbers.NAMES
    cuts = coco_numbers.CUTS

    def rules(self) -> Rules:
        """Match by IoU of pixels, in four ranges of areas."""
        return Rules(
            mask_overlap, coco_numbers.THRESHOLDS, coco_numbers.AREAS, most=coco_numbers.MOST
        )

    def numbers_of(self, summary: Summary) -> list[Floats]:
        """Return the twelve numbers."""
        return coco_numbers.twelve(summary)
