"""Intersection over union of the classes of pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.datasets.tasks import Family
from heldout.evaluation.classwise import mean_of_defined, share_limits
from heldout.evaluation.data import Floats
from heldout.evaluation.metric import AdditiveMetric, ClassMean, Method, Number, ratio
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.vision.semantic import (
    IGNORE,
    MaskPredictions,
    MaskReferences,
    count_pixels,
    load_mask,
    load_prediction,
)


@dataclass(frozen=True)
class MeanIoU(AdditiveMetric[MaskPredictions, MaskReferences]):
    """The mean over classes of TP / (TP + FP + FN), in pixels of all images together.

    `pixel_accuracy` is the share of the counted pixels that are right. Pixels whose reference is
    `ignore_index` count nowhere; a prediction of 255 is wrong wherever the pixel counts.

    Traps: a class that is neither there nor predicted leaves the mean, on every resample and in
    every subgroup anew; one that is only predicted counts 0. Pixels are pooled over images, so
    large images weigh more: this is not the mean of the images' own scores. For ADE20K, whose value
    0 is no class, use `miou:ignore_index=0`.

    Attributes:
        ignore_index: Value of pixels to leave out, beside 255.
    """

    id = "miou"
    title = "Mean IoU"
    families = frozenset({Family.SEMANTIC})
    needs = "a class for every pixel"
    source = "the confusion matrix over all pixels (Everingham et al. 2015; Zhou et al. 2017)"
    undefined = "no pixel counts"
    interval = Method.CLASSES
    accepts_missing = True

    ignore_index: int = IGNORE

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Mean IoU and pixel accuracy."""
        return (Number("mIoU"), Number("pixel_accuracy"))

    def per_example(self, predictions: MaskPredictions, references: MaskReferences) -> ExampleStats:
        """Count the pixels of each class that are right, that there are, that are predicted."""
        classes = len(references.names)
        terms = np.zeros((len(references.files), 3, classes), np.int64)
        for example, name in enumerate(references.files):
            true = load_mask(references.pictures, name)
            found = load_prediction(predictions, example, true)
            counted = (true != self.ignore_index) & (true != IGNORE)
            terms[example] = count_pixels(true, found, counted, classes)
        return self.stats(references, terms=terms.reshape(len(terms), -1))

    def finish(self, totals: Floats, weight: Floats) -> Floats:
        """Divide per class, and average over the classes."""
        right, actual, union = self._pixels(totals)
        accuracy = ratio(right.sum(axis=-1), actual.sum(axis=-1))
        return np.stack([mean_of_defined(ratio(right, union)), accuracy], axis=-1)

    def class_means(self, stats: ExampleStats) -> tuple[ClassMean, ClassMean]:
        """Return the IoU of the classes, and the pixel accuracy as that of a single one."""
        right, actual, union = self._pixels(self.terms(stats).astype(np.float64))
        every_right, every = (one.sum(axis=1, keepdims=True) for one in (right, actual))
        return _mean_of_shares(right, union, actual), _mean_of_shares(every_right, every, every)

    def _pixels(self, totals: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the pixels that are right, that there are, and that are or are predicted."""
        right, actual, predicted = np.moveaxis(totals.reshape(*totals.shape[:-1], 3, -1), -2, 0)
        union = actual + predicted - right
        if 0 <= self.ignore_index < union.shape[-1]:
            union[..., self.ignore_index] = 0
        return right, actual, union


def _mean_of_shares(hits: Floats, trials: Floats, actual: Floats) -> ClassMean:
    """Average sums of hits over sums of trials, each (images, classes)."""
    known = trials.sum(axis=0) > 0
    hits, trials, total = hits[:, known], trials[:, known], trials[:, known].sum(axis=0)
    values = hits.sum(axis=0) / total
    moved = (hits - values * trials) / total
    sizes = (actual[:, known] > 0).sum(axis=0)
    limits = [
        share_limits(float(value), column, max(1, int(size)))
        for value, column, size in zip(values, moved.T, sizes, strict=True)
    ]
    low, high = np.array(limits).reshape(-1, 2).T
    apart = float(np.square(moved).sum())
    return ClassMean(values, low, high, moved.sum(axis=1), apart, sizes.astype(np.float64))
