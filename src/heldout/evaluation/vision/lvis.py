"""What the average precisions of LVIS have in common: images are annotated for some categories."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from heldout.evaluation.data import AnyArray, Flags, Floats
from heldout.evaluation.stats import ExampleStats, Ragged
from heldout.evaluation.vision.accumulation import Cut, Summary
from heldout.evaluation.vision.average_precision import AveragePrecision
from heldout.evaluation.vision.coco_numbers import (
    ALL,
    LARGE,
    MEDIUM,
    SMALL,
    mean,
    precisions,
)
from heldout.evaluation.vision.matching import EVERY_DETECTION, best_of_each_image, match
from heldout.evaluation.vision.objects import (
    ObjectPredictions,
    ObjectReferences,
)

MOST = 300  # Detections per image, of all categories together.
FREQUENCIES = "rcf"


@dataclass(frozen=True)
class LvisAveragePrecision(AveragePrecision):
    """Base: COCO's average precision where not every category was looked for in every image."""

    source = "lvis-api LVISEval"
    undefined = "no image has an object that counts, or no category has a frequency"
    labels = (
        *("AP", "AP50", "AP75", "APs", "APm", "APl", "APr", "APc", "APf"),
        *("AR300", "ARs", "ARm", "ARl"),
    )
    cuts = tuple(Cut(area, EVERY_DETECTION) for area in (ALL, SMALL, MEDIUM, LARGE))

    def ignored(self, references: ObjectReferences) -> Flags:
        """Return objects marked to be ignored; LVIS has no crowds."""
        return references.objects.difficult

    def per_example(
        self, predictions: ObjectPredictions, references: ObjectReferences
    ) -> ExampleStats:
        """Keep what was matched in each image, without categories nobody looked for there."""
        images, categories = len(references.example_ids), len(references.classes)
        objects = replace(references.objects, crowd=np.zeros_like(references.objects.crowd))
        looked_for = np.zeros((images, categories), np.bool_)
        looked_for[objects.image, objects.category] = True
        if references.absent is not None:
            looked_for |= references.absent
        detections = best_of_each_image(predictions.detections, MOST)
        known = looked_for[detections.image, detections.category]
        matched = match(
            detections.take(known),
            objects,
            self.ignored(references),
            self.rules(),
            images=images,
            categories=categories,
        )
        if references.unfinished is not None:
            matched["inside"] = _excuse(matched, references.unfinished)
        frequency = np.array([FREQUENCIES.find(one) for one in references.frequency], np.int8)
        return self.stats(references, **matched, frequency=np.tile(frequency, (images, 1)))

    def reduce(self, stats: ExampleStats, weights: Floats) -> Floats:
        """Average over all categories, and over the rare, common and frequent ones."""
        summary = self.summarise(stats, weights)
        frequency = stats.array("frequency")[:1].reshape(-1)
        return np.stack(_numbers(summary, frequency), axis=1)

    def numbers_of(self, summary: Summary) -> list[Floats]:
        """Return the numbers where no category has a frequency."""
        return _numbers(summary, np.zeros(0, np.int8))


def _excuse(matched: dict[str, Ragged], unfinished: Flags) -> Ragged:
    """Let detections without a match pass where not every object of the category is annotated."""
    inside, category = matched["inside"], matched["category"]
    image = np.repeat(np.arange(len(inside)), np.diff(inside.offsets))
    excused = unfinished[image, category.values]
    return Ragged(np.where(excused, np.uint8(0), inside.values), inside.offsets)


def _numbers(summary: Summary, frequency: AnyArray) -> list[Floats]:
    precision, recall = summary
    every = precision[:, ALL]
    by_frequency = [
        mean(every[:, frequency == code]) if len(frequency) else np.full(len(every), np.nan)
        for code in range(len(FREQUENCIES))
    ]
    return [
        *precisions(precision),
        *(mean(precision[:, area]) for area in (SMALL, MEDIUM, LARGE)),
        *by_frequency,
        *(mean(recall[:, area]) for area in (ALL, SMALL, MEDIUM, LARGE)),
    ]
