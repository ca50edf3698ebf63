"""Localisation error of the ImageNet challenge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.datasets.tasks import Family
from heldout.evaluation.data import Floats
from heldout.evaluation.metric import AdditiveMetric, Number, ratio
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.vision.matching import best_first, best_of_each_image, find_cells
from heldout.evaluation.vision.objects import (
    ObjectPredictions,
    ObjectReferences,
)
from heldout.evaluation.vision.similarity import box_overlap


@dataclass(frozen=True)
class IlsvrcLocalization(AdditiveMetric[ObjectPredictions, ObjectReferences]):
    """The share of images in none of whose five best detections class and box are right.

    A box is right if its IoU with one of the boxes of that class is at least 0.5.

    Traps: an image counts as right if any of its classes is found. Images without an object are
    left out. The five best are chosen by score over all classes; equal scores keep the order of the
    file.

    Attributes:
        k: How many detections count.
    """

    id = "ilsvrc-localization"
    title = "ILSVRC localisation error"
    families = frozenset({Family.BOXES})
    needs = "boxes with scores"
    source = "Russakovsky et al. 2015, section 4.2"
    undefined = "no image has an object"

    k: int = 5

    @property
    def numbers(self) -> tuple[Number, ...]:
        """One share; lower is better."""
        return (Number(self.id, higher_is_better=False),)

    def per_example(
        self, predictions: ObjectPredictions, references: ObjectReferences
    ) -> ExampleStats:
        """Keep whether the image counts, and whether it is wrong."""
        images, categories = len(references.example_ids), len(references.classes)
        counts = np.zeros(images, np.bool_)
        counts[references.objects.image] = True
        detections = best_of_each_image(predictions.detections, self.k)
        ordered = detections.take(best_first(detections))
        cell = references.objects.image.astype(np.int64) * categories
        order = np.argsort(cell + references.objects.category, kind="stable")
        true = references.objects.take(order)
        cells = find_cells(
            ordered.image.astype(np.int64) * categories + ordered.category,
            true.image.astype(np.int64) * categories + true.category,
        )
        overlap = np.zeros(cells.pairs)
        box_overlap(cells, ordered, true, overlap)
        sizes = (cells.found_end - cells.found) * (cells.true_end - cells.true)
        found = np.zeros(images, np.bool_)
        found[np.repeat(ordered.image[cells.found], sizes)[overlap >= 0.5]] = True
        return self.stats(references, terms=np.stack([counts & ~found, counts], axis=1))

    def finish(self, totals: Floats, weight: Floats) -> Floats:
        """Divide by the images that count."""
        return ratio(totals[..., :1], totals[..., 1:])
