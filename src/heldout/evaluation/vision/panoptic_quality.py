"""What the three panoptic metrics have in common; they differ in the categories they average."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from heldout.datasets.tasks import Family
from heldout.errors import Problems
from heldout.evaluation.classwise import mean_of_defined
from heldout.evaluation.data import AnyArray, Flags, Floats
from heldout.evaluation.metric import Method, Metric, Number, ratio
from heldout.evaluation.stats import ExampleStats, Ragged
from heldout.evaluation.vision.panoptic import (
    PanopticPredictions,
    PanopticReferences,
    SegmentMap,
    Tally,
    tally,
)
from heldout.evaluation.vision.pictures import read_colours


@dataclass(frozen=True)
class PanopticQuality(Metric[PanopticPredictions, PanopticReferences]):
    """Base: PQ, SQ and RQ, averaged over some of the categories.

    On few images the percentiles of SQ miss the truth: 55 % coverage at 100 simulated images, where
    the standard error had 88 %; at 1,000 both are right.
    """

    interval = Method.STANDARD_ERROR

    families = frozenset({Family.PANOPTIC})
    needs = "panoptic segments"
    source = "panopticapi pq_compute"
    undefined = "no segment of these categories is there or predicted"
    accepts_missing = True

    @abstractmethod
    def averaged(self, things: Flags) -> Flags:
        """Return which categories are averaged."""

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Panoptic, segmentation and recognition quality."""
        return (Number("PQ"), Number("SQ"), Number("RQ"))

    def per_example(
        self, predictions: PanopticPredictions, references: PanopticReferences
    ) -> ExampleStats:
        """Match the segments of each image, and count by category."""
        tallies = [
            _one_image(references, true, predictions, found)
            for true, found in zip(references.maps, predictions.maps, strict=True)
        ]
        offsets = np.cumsum([0, *map(len, tallies)])
        rows = np.array([row for one in tallies for row in one], np.float64).reshape(-1, 5)
        code = np.searchsorted(references.layout.category_ids, rows[:, 0])
        kept = self.averaged(references.things)[code]
        counted = np.concatenate([[0], np.cumsum(kept)])[offsets]
        counts = rows[kept].astype(np.int32)
        return self.stats(
            references,
            category=Ragged(code[kept].astype(np.int32), counted),
            overlap=Ragged(rows[kept, 1], counted),
            hits=Ragged(counts[:, 2], counted),
            false=Ragged(counts[:, 3], counted),
            missed=Ragged(counts[:, 4], counted),
        )

    def reduce(self, stats: ExampleStats, weights: Floats) -> Floats:
        """Sum per category, and average over the categories that occur."""
        overlap, hits, false, missed = (
            _sums(stats, name, weights) for name in ("overlap", "hits", "false", "missed")
        )
        size = hits + (false + missed) / 2
        recognised = ratio(hits, size)
        segmented = np.where(np.isnan(recognised), np.nan, ratio(overlap, np.maximum(hits, 1e-300)))
        each = [ratio(overlap, size), segmented, recognised]
        return np.stack([mean_of_defined(one) for one in each], axis=1)


def _one_image(
    references: PanopticReferences,
    true: SegmentMap,
    predictions: PanopticPredictions,
    found: SegmentMap | None,
) -> list[Tally]:
    problems = Problems()
    mask = read_colours(references.pictures, true.name, problems)
    if found is None:
        problems.refuse_if_any()
        assert mask is not None
        return tally(mask, true.segments, None, ())
    drawn = read_colours(predictions.pictures, found.name, problems)
    problems.refuse_if_any()
    assert mask is not None
    return tally(mask, true.segments, drawn, found.segments)


def _sums(stats: ExampleStats, name: str, weights: Floats) -> Floats:
    """Sum one column under each row of weights: (r, categories)."""
    from scipy.sparse import csr_array

    column, category = stats.arrays[name], stats.arrays["category"]
    assert isinstance(column, Ragged)
    assert isinstance(category, Ragged)
    example = np.repeat(np.arange(len(stats)), np.diff(column.offsets))
    shape = (len(stats.classes), len(stats))
    values = column.values.astype(np.float64)
    table = csr_array((values, (category.values, example)), shape=shape)
    summed: AnyArray = table @ weights.T
    return summed.T
