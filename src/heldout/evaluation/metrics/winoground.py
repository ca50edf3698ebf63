"""Scores of Winoground: two captions of the same words, two images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from heldout.datasets.tasks import Family
from heldout.errors import Problem
from heldout.evaluation.language.data import MatchPredictions, MatchReferences
from heldout.evaluation.metric import AdditiveMetric, Method, Number
from heldout.evaluation.stats import ExampleStats


@dataclass(frozen=True)
class Winoground(AdditiveMetric[MatchPredictions, MatchReferences]):
    """The share of examples in which the right pairs of caption and image score higher.

    `text`: for each image its own caption scores above the other; `image`: for each caption its own
    image scores above the other; `group`: both.

    Traps: higher means strictly higher, so that a constant score gets 0. Chance is 1/4, 1/4 and
    1/6. Caption 0 belongs to image 0, and `c1_i0` is caption 1 with image 0. No references are
    needed; a table of `example_id` with further columns gives subgroups.
    """

    id = "winoground"
    title = "Winoground"
    families = frozenset({Family.MATCHES})
    needs = "four scores"
    source = "Thrush et al. 2022, section 3"
    interval = Method.WILSON
    accepts_missing = True

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Three shares."""
        return (Number("text"), Number("image"), Number("group"))

    def unmet(self, predictions: MatchPredictions) -> Iterator[Problem]:
        """Ask for scores."""
        yield from super().unmet(predictions)
        if predictions.scores is None:
            remedy = "give the columns c0_i0, c1_i0, c0_i1, c1_i1"
            yield Problem(f"metric {self.key}", "needs scores of captions with images", remedy)

    def per_example(
        self, predictions: MatchPredictions, references: MatchReferences
    ) -> ExampleStats:
        """Keep which of the three hold."""
        assert predictions.scores is not None
        (c0_i0, c0_i1), (c1_i0, c1_i1) = np.moveaxis(predictions.scores, 0, 2)
        text = (c0_i0 > c1_i0) & (c1_i1 > c0_i1)
        image = (c0_i0 > c0_i1) & (c1_i1 > c1_i0)
        return self.stats(
            references, terms=np.stack([text, image, text & image], axis=1).astype(np.uint8)
        )
