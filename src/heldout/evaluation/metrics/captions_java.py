"""METEOR and SPICE of captions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.datasets.tasks import Family
from heldout.evaluation.data import Floats
from heldout.evaluation.language.data import CaptionPredictions, CaptionReferences
from heldout.evaluation.language.java import meteor_statistics, spice_scores
from heldout.evaluation.language.meteor import meteor, without_whole_chunks
from heldout.evaluation.language.tokens import tokenise
from heldout.evaluation.metric import Method, Metric, Number, ratio
from heldout.evaluation.stats import ExampleStats


@dataclass(frozen=True)
class CaptionsJava(Metric[CaptionPredictions, CaptionReferences]):
    """METEOR 1.5 of the whole set and the mean SPICE, counted by their authors' Java programs.

    METEOR aligns words, stems, synonyms and paraphrases; SPICE compares the objects, attributes and
    relations that captions speak of.

    Traps: needs Java, the extra `captions-java`, and for SPICE models that its authors host, fetched
    once by `python -m pycocoevalcap.spice.get_stanford_models`. METEOR is no mean over images.
    """

    id = "captions-java"
    title = "Captions: METEOR, SPICE"
    families = frozenset({Family.CAPTIONS})
    needs = "captions"
    source = "pycocoevalcap 1.2, whose Java programs count"
    interval = Method.STANDARD_ERROR

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Two numbers."""
        return (Number("METEOR"), Number("SPICE"))

    def per_example(
        self, predictions: CaptionPredictions, references: CaptionReferences
    ) -> ExampleStats:
        """Keep METEOR's counts and each image's SPICE."""
        pairs = zip(predictions.captions, references.captions, strict=True)
        captions = [[tokenise(own), *map(tokenise, others)] for own, others in pairs]
        counts = without_whole_chunks(meteor_statistics(captions))
        return self.stats(references, meteor=counts, spice=spice_scores(captions))

    def reduce(self, stats: ExampleStats, weights: Floats) -> Floats:
        """Sum METEOR's counts before they become a score; average SPICE."""
        total = weights.sum(axis=1)
        score = np.where(total > 0, meteor(weights @ stats.array("meteor")), np.nan)
        return np.stack([score, ratio(weights @ stats.array("spice"), total)], axis=1)
