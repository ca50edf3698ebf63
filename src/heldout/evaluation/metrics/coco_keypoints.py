"""COCO's average precision and recall of poses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from heldout.datasets.tasks import Family
from heldout.errors import Problem
from heldout.evaluation.data import Flags, Floats
from heldout.evaluation.vision import coco_numbers
from heldout.evaluation.vision.accumulation import Cut, Summary
from heldout.evaluation.vision.average_precision import AveragePrecision
from heldout.evaluation.vision.coco_numbers import AT_50, AT_75, mean, precisions
from heldout.evaluation.vision.matching import Rules
from heldout.evaluation.vision.objects import ObjectPredictions, ObjectReferences
from heldout.evaluation.vision.similarity import PERSON, keypoint_similarity

ALL, MEDIUM, LARGE = range(3)
MOST = 20


@dataclass(frozen=True)
class CocoKeypoints(AveragePrecision):
    """Average precision of poses: `coco-bbox` with object keypoint similarity instead of IoU.

    The similarity is the mean, over the annotated keypoints, of exp(-d² / (2 s² (2 k)²)) with the
    distance d, the object's area s² and the spread k of the keypoint's kind.

    Traps: twenty detections per image; no small objects; an object without an annotated keypoint is
    a region to ignore. The spreads are those of the 17 keypoints of a person: there is no standard for
    others.
    """

    id = "coco-keypoints"
    title = "COCO keypoint AP"
    families = frozenset({Family.POSES})
    needs = "keypoints with scores"
    source = "pycocotools COCOeval (keypoints)"
    labels = ("AP", "AP50", "AP75", "APm", "APl", "AR", "AR50", "AR75", "ARm", "ARl")
    cuts = tuple(Cut(area, MOST) for area in (ALL, MEDIUM, LARGE))

    def unmet(self, predictions: ObjectPredictions) -> Iterator[Problem]:
        """Yield a problem unless poses are those of persons."""
        keypoints = predictions.detections.keypoints
        if keypoints is not None and keypoints.shape[1] != len(PERSON):
            message = f"knows the {len(PERSON)} keypoints of a person, not {keypoints.shape[1]}"
            yield Problem(f"metric {self.key}", message, "give poses of persons")

    def rules(self) -> Rules:
        """Match by keypoint similarity, in three ranges of areas."""
        every, _, medium, large = coco_numbers.AREAS
        return Rules(
            keypoint_similarity, coco_numbers.THRESHOLDS, (every, medium, large), most=MOST
        )

    def ignored(self, references: ObjectReferences) -> Flags:
        """Return crowds and objects without a keypoint."""
        ignored: Flags = references.objects.crowd | (references.objects.visible == 0)
        return ignored

    def numbers_of(self, summary: Summary) -> list[Floats]:
        """Return the ten numbers."""
        precision, recall = summary
        return [
            *precisions(precision),
            mean(precision[:, MEDIUM]),
            mean(precision[:, LARGE]),
            mean(recall[:, ALL]),
            mean(recall[:, ALL, :, AT_50]),
            mean(recall[:, ALL, :, AT_75]),
            mean(recall[:, MEDIUM]),
            mean(recall[:, LARGE]),
        ]
