"""What the two average precisions of Pascal VOC have in common; they differ in how they average."""

from __future__ import annotations

from dataclasses import dataclass

from heldout.datasets.tasks import Family
from heldout.evaluation.data import Flags, Floats
from heldout.evaluation.vision.accumulation import Cut, Summary
from heldout.evaluation.vision.average_precision import AveragePrecision
from heldout.evaluation.vision.coco_numbers import mean
from heldout.evaluation.vision.matching import EVERY_DETECTION, Rules
from heldout.evaluation.vision.objects import ObjectReferences
from heldout.evaluation.vision.similarity import pixel_overlap

ANY_AREA = (0.0, float("inf"))


@dataclass(frozen=True)
class VocAveragePrecision(AveragePrecision):
    """Base: the mean over the classes of the average precision at an IoU of 0.5."""

    families = frozenset({Family.BOXES})
    needs = "boxes with scores"
    source = "Pascal VOC development kit, VOCevaldet"
    labels = ("mAP",)
    cuts = (Cut(0, EVERY_DETECTION),)

    def rules(self) -> Rules:
        """Match each detection with the object it overlaps most, whole pixels counted."""
        return Rules(pixel_overlap, (0.5,), (ANY_AREA,), most=EVERY_DETECTION, nearest=True)

    def ignored(self, references: ObjectReferences) -> Flags:
        """Return difficult objects, and crowds."""
        return references.objects.difficult | references.objects.crowd

    def numbers_of(self, summary: Summary) -> list[Floats]:
        """Return the mean over the classes."""
        return [mean(summary.precision)]
