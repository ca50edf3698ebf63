"""What every average precision over images has in common: match once, then accumulate."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from heldout.evaluation.data import Flags, Floats
from heldout.evaluation.metric import Method, Metric, Number
from heldout.evaluation.stats import ExampleStats, Ragged
from heldout.evaluation.vision.accumulation import (
    Curve,
    Cut,
    Summary,
    accumulate,
    precision_recall,
    resample,
)
from heldout.evaluation.vision.matching import Rules, match
from heldout.evaluation.vision.objects import ObjectPredictions, ObjectReferences
from heldout.statistics.weights import Resampling


@dataclass(frozen=True)
class AveragePrecision(Metric[ObjectPredictions, ObjectReferences]):
    """Base of the metrics that rank the detections of a category over all images.

    Attributes:
        labels: The names of the numbers.
        cuts: The precision-recall curves that are drawn.
        points: Recalls the precision is averaged over, or 0 for the area under the curve.
    """

    interval = Method.BIASED_UPWARD
    undefined = "no image has an object that counts"

    labels: ClassVar[Sequence[str]]
    cuts: ClassVar[Sequence[Cut]]
    points: ClassVar[int] = 101

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Precisions and recalls: the more the better."""
        return tuple(map(Number, self.labels))

    @abstractmethod
    def rules(self) -> Rules:
        """Return how detections are matched."""

    def ignored(self, references: ObjectReferences) -> Flags:
        """Return which objects count neither way."""
        return references.objects.crowd

    @abstractmethod
    def numbers_of(self, summary: Summary) -> list[Floats]:
        """Return one (replicates,) array per number."""

    def per_example(
        self, predictions: ObjectPredictions, references: ObjectReferences
    ) -> ExampleStats:
        """Keep what was matched in each image."""
        matched = match(
            predictions.detections,
            references.objects,
            self.ignored(references),
            self.rules(),
            images=len(references.example_ids),
            categories=len(references.classes),
        )
        return self.stats(references, **matched)

    def summarise(self, stats: ExampleStats, weights: Floats) -> Summary:
        """Accumulate precision and recall per category and threshold."""
        thresholds = len(self.rules().thresholds)
        return accumulate(stats, weights, cuts=self.cuts, thresholds=thresholds, points=self.points)

    def reduce(self, stats: ExampleStats, weights: Floats) -> Floats:
        """Average over the categories that have an object under the weights."""
        return np.stack(self.numbers_of(self.summarise(stats, weights)), axis=1)

    def resampled(self, stats: ExampleStats, resampling: Resampling) -> Floats | None:
        """Walk the shared resamples in single precision."""
        return resample(stats, resampling, lambda weights: self.reduce(stats, weights))

    def class_sizes(self, stats: ExampleStats) -> Floats:
        """Return how many objects of each category count, where there are any."""
        category, counts = (stats.arrays[name] for name in ("true_category", "counts"))
        assert isinstance(category, Ragged)
        assert isinstance(counts, Ragged)
        area = np.uint8(1 << self.cuts[0].area)
        sizes = np.bincount(category.values[(counts.values & area) != 0])
        return sizes[sizes > 0].astype(np.float64)

    def per_class(self, stats: ExampleStats) -> Floats:
        """Return the numbers of every category by itself: (categories, names)."""
        summary = self.summarise(stats, np.ones((1, len(stats))))
        alone = (one[0].swapaxes(0, 1)[:, :, None] for one in summary)
        return np.stack(self.numbers_of(Summary(*alone)), axis=1)

    def curve(self, stats: ExampleStats, category: int, threshold: int = 0) -> Curve:
        """Return precision over recall of one category, all sizes, at one of the thresholds."""
        return precision_recall(stats, self.cuts, category=category, threshold=threshold)
