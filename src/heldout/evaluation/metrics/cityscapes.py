"""Cityscapes' two scores of pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from heldout.datasets.tasks import Family
from heldout.evaluation.classwise import mean_of_defined
from heldout.evaluation.data import AnyArray, Floats
from heldout.evaluation.metric import AdditiveMetric, Number, ratio
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.vision.semantic import (
    MaskPredictions,
    MaskReferences,
    count_pixels,
    load_mask,
    load_prediction,
)


class Countable(NamedTuple):
    """A class whose objects are told apart: its label id and their average size in pixels."""

    label: int
    size: float


EVALUATED = np.array([7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33])
COUNTABLE = {
    "person": Countable(24, 3462.4756337644),
    "rider": Countable(25, 3930.4788056518),
    "car": Countable(26, 12794.0202738185),
    "truck": Countable(27, 27855.1264367816),
    "bus": Countable(28, 35732.1511111111),
    "train": Countable(31, 67583.7075812274),
    "motorcycle": Countable(32, 6298.7200839748),
    "bicycle": Countable(33, 4672.3249222261),
}
LABELS = 256
PER_OBJECT = 1000  # An instance id is the label id times this, plus the object's number.


@dataclass(frozen=True)
class Cityscapes(AdditiveMetric[MaskPredictions, MaskReferences]):
    """Mean IoU over the 19 classes of Cityscapes, and over its 8 countable ones by object.

    In `iIoU` each true pixel of an object weighs the class's average size / the object's size, so
    that distant people count as much as near ones; false positives are plain pixels.

    Traps: pixel values are label ids (0 to 33), not training ids; the 15 other labels count
    nowhere in the references and as wrong in predictions. Groups of objects are in the IoU of their
    class, not in its iIoU. `iIoU` needs the masks of instance ids beside those of label ids.
    """

    id = "cityscapes"
    title = "Cityscapes IoU"
    families = frozenset({Family.SEMANTIC})
    needs = "a Cityscapes label id for every pixel"
    source = "cityscapesScripts evalPixelLevelSemanticLabeling"
    undefined = "no pixel of the classes counts, or there are no masks of instance ids"
    accepts_missing = True

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Mean IoU by pixel and by object."""
        return (Number("mIoU"), Number("iIoU"))

    def per_example(self, predictions: MaskPredictions, references: MaskReferences) -> ExampleStats:
        """Count pixels per class, and weighted pixels per countable class."""
        terms = [
            _count_image(predictions, references, example)
            for example in range(len(references.files))
        ]
        width = 3 * len(EVALUATED) + 2 * len(COUNTABLE)
        return self.stats(references, terms=np.array(terms, np.float64).reshape(-1, width))

    def finish(self, totals: Floats, weight: Floats) -> Floats:
        """Divide per class, and average over the classes."""
        pixels, objects = np.split(totals, [3 * len(EVALUATED)], axis=-1)
        right, actual, predicted = np.split(pixels, 3, axis=-1)
        hit, lost = np.split(objects, 2, axis=-1)
        countable = np.searchsorted(EVALUATED, [one.label for one in COUNTABLE.values()])
        false = (predicted - right)[..., countable]
        by_pixel = ratio(right, actual + predicted - right)
        by_object = ratio(hit, hit + lost + false)
        return np.stack([mean_of_defined(by_pixel), mean_of_defined(by_object)], axis=-1)


def _count_image(
    predictions: MaskPredictions, references: MaskReferences, example: int
) -> AnyArray:
    true = load_mask(references.pictures, references.files[example])
    found = load_prediction(predictions, example, true)
    pixels = count_pixels(true, found, np.isin(true, EVALUATED), LABELS)[:, EVALUATED]
    name = references.instances[example]
    if not name:
        return np.concatenate([pixels.ravel(), np.full(2 * len(COUNTABLE), np.nan)])
    objects = load_mask(references.pictures, name)
    weighed = np.array(list(_weigh_objects(objects, found))).T
    return np.concatenate([pixels.ravel(), weighed.ravel()])


def _weigh_objects(objects: AnyArray, found: AnyArray) -> Iterator[tuple[float, float]]:
    """Yield, per countable class, the weighted pixels that are right and that are not."""
    ids, place, sizes = np.unique(objects, return_inverse=True, return_counts=True)
    labels = ids // PER_OBJECT
    right = np.bincount(place.ravel(), weights=(labels[place].ravel() == found.ravel()))
    for label, average in COUNTABLE.values():
        own = (labels == label) & (ids > PER_OBJECT)
        weight = average / sizes[own]
        yield float((right[own] * weight).sum()), float(((sizes - right)[own] * weight).sum())
