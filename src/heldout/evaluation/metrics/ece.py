"""Expected calibration error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.datasets.tasks import Family
from heldout.evaluation.data import Floats, LabelPredictions, LabelReferences
from heldout.evaluation.metric import AdditiveMetric, Method, Number, ratio
from heldout.evaluation.requirements import require_probabilities
from heldout.evaluation.stats import ExampleStats

MOST_BINS = 1_000
EXAMPLES_PER_BIN = 20


@dataclass(frozen=True)
class ExpectedCalibrationError(AdditiveMetric[LabelPredictions, LabelReferences]):
    """The mean gap between confidence and accuracy, over bins of equal width of the confidence.

    Confidence is the largest score. A bin holds confidences above its lower and up to its upper
    edge.

    Traps: it depends on the number of bins, and is biased upward on few examples: a perfectly
    calibrated model does not score 0. A low value says nothing of accuracy.

    Attributes:
        bins: How many bins, from 1 to 1,000.
    """

    id = "ece"
    title = "Expected calibration error"
    families = frozenset({Family.LABEL})
    needs = "probabilities"
    requires = (require_probabilities,)
    source = "Guo et al. 2017; torchmetrics MulticlassCalibrationError with norm l1"
    interval = Method.STANDARD_ERROR

    bins: int = 15

    def __post_init__(self) -> None:
        if self.bins < 1:
            raise ValueError(f"bins is {self.bins}, which is less than 1")
        if self.bins > MOST_BINS:
            raise ValueError(f"bins is {self.bins}, which is more than {MOST_BINS:,}")

    @property
    def numbers(self) -> tuple[Number, ...]:
        """One number; lower is better."""
        return (Number(self.id, higher_is_better=False),)

    @property
    def fewest(self) -> int:
        """Twenty examples a bin; with fewer the bias is larger than the spread."""
        return EXAMPLES_PER_BIN * self.bins

    def per_example(
        self, predictions: LabelPredictions, references: LabelReferences
    ) -> ExampleStats:
        """Keep the bin, and confidence less correctness."""
        scores = predictions.scores
        assert scores is not None
        confidence = scores.max(axis=1, initial=0.0)
        best = scores.argmax(axis=1)
        edges = np.linspace(0, 1, self.bins + 1)
        found = np.searchsorted(edges, confidence, side="left") - 1
        return self.stats(
            references,
            bin=np.clip(found, 0, self.bins - 1).astype(np.int32),
            gap=confidence - (best == references.labels),
        )

    def terms(self, stats: ExampleStats) -> Floats:
        """Put each gap into the column of its bin."""
        terms = np.zeros((len(stats), self.bins))
        terms[np.arange(len(stats)), stats.array("bin")] = stats.array("gap")
        return terms

    def finish(self, totals: Floats, weight: Floats) -> Floats:
        """Average the gaps of the bins by their weight."""
        return ratio(np.abs(totals).sum(axis=-1, keepdims=True), weight[..., None])
