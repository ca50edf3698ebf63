"""Average precision as LVIS has it, of boxes and of masks."""

from __future__ import annotations

from dataclasses import dataclass

from heldout.datasets.tasks import Family
from heldout.evaluation.vision import coco_numbers
from heldout.evaluation.vision.lvis import LvisAveragePrecision
from heldout.evaluation.vision.matching import EVERY_DETECTION, Rules
from heldout.evaluation.vision.similarity import box_overlap, mask_overlap


@dataclass(frozen=True)
class LvisBbox(LvisAveragePrecision):
    """Average precision of boxes where each image was annotated for some of the categories.

    As `coco-bbox`, but a detection counts only if its category is among the image's objects or
    among the ones people looked for in vain (`neg_category_ids`); in categories that were not
    annotated to the last object (`not_exhaustive_category_ids`) unmatched detections count neither
    way. APr, APc and APf average over the rare, common and frequent categories.

    Traps: 300 detections per image of all categories together, not 100 of each; no crowds. Without
    frequencies in the ground truth APr, APc and APf are undefined.
    """

    id = "lvis-bbox"
    title = "LVIS box AP"
    families = frozenset({Family.BOXES, Family.MASKS})
    needs = "boxes with scores"

    def rules(self) -> Rules:
        """Match by IoU, in four ranges of areas."""
        return Rules(box_overlap, coco_numbers.THRESHOLDS, coco_numbers.AREAS, most=EVERY_DETECTION)


@dataclass(frozen=True)
class LvisSegm(LvisAveragePrecision):
    """Average precision of masks: `lvis-bbox` with the IoU of the pixels.

    Traps: those of `lvis-bbox` and `coco-segm`.
    """

    id = "lvis-segm"
    title = "LVIS mask AP"
    families = frozenset({Family.MASKS})
    needs = "masks with scores"

    def rules(self) -> Rules:
        """Match by IoU of pixels, in four ranges of areas."""
        return Rules(
            mask_overlap, coco_numbers.THRESHOLDS, coco_numbers.AREAS, most=EVERY_DETECTION
        )
