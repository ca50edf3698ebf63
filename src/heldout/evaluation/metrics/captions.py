"""BLEU, ROUGE-L and CIDEr-D of captions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.datasets.tasks import Family
from heldout.evaluation.data import Floats
from heldout.evaluation.language.cider import cider
from heldout.evaluation.language.coding import encode
from heldout.evaluation.language.data import CaptionPredictions, CaptionReferences
from heldout.evaluation.language.ngrams import LONGEST, bleu_terms, count_ngrams
from heldout.evaluation.language.rouge import rouge_l
from heldout.evaluation.metric import Method, Metric, Number, ratio
from heldout.evaluation.stats import ExampleStats

TINY, SMALL = 1e-15, 1e-9  # The script's own guards against 0 / 0; they are part of its numbers.

FEWEST_FOR_BLEU_4 = 300  # Of fewer images too few 4-grams may be shared to tell how it varies.


@dataclass(frozen=True)
class Captions(Metric[CaptionPredictions, CaptionReferences]):
    """BLEU-1 to 4 of the whole set, the mean ROUGE-L, and CIDEr-D.

    BLEU multiplies the shares of 1- to n-grams that the references have too, each cut at their
    largest count, takes the n-th root, and punishes short sets by exp(1 - reference length /
    length). ROUGE-L is the F-score (beta 1.2) of the longest common subsequence. CIDEr-D is 10 x
    the mean cosine of tf-idf vectors of n-grams, with counts cut and a penalty on other lengths.

    Traps: captions are tokenised as by Stanford's PTB tokeniser, in lower case and without
    punctuation; see the notes on scoring for where ours differs. BLEU is no mean over images. The
    reference length is that of the reference nearest in length. ROUGE-L takes precision and recall
    from different references. CIDEr weighs n-grams by how rare they are among the images *that are
    scored*, so it is 0 for a single image, changes with the subgroup, and is not comparable between
    sets.
    """

    id = "captions"
    title = "Captions: BLEU, ROUGE-L, CIDEr"
    families = frozenset({Family.CAPTIONS})
    needs = "captions"
    source = "pycocoevalcap 1.2"
    interval = Method.JACKKNIFE
    accepts_missing = True

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Six numbers; CIDEr goes up to 10."""
        fewest = {4: FEWEST_FOR_BLEU_4}
        bleu = (Number(f"Bleu_{n}", fewest=fewest.get(n, 0)) for n in range(1, LONGEST + 1))
        return (*bleu, Number("ROUGE_L"), Number("CIDEr", high=10.0))

    def per_example(
        self, predictions: CaptionPredictions, references: CaptionReferences
    ) -> ExampleStats:
        """Keep what BLEU sums, ROUGE-L, and the n-grams of every caption."""
        pairs = zip(predictions.captions, references.captions, strict=True)
        sizes = np.array([1 + len(others) for others in references.captions], dtype=np.int64)
        words, tokens = encode([text for own, others in pairs for text in (own, *others)])
        counts = count_ngrams(words, sizes)
        return self.stats(
            references,
            terms=np.column_stack([bleu_terms(words, sizes, counts), rouge_l(tokens, sizes)]),
            compared=(sizes - 1).astype(np.uint16),
            **counts._asdict(),
        )

    def reduce(self, stats: ExampleStats, weights: Floats) -> Floats:
        """Sum for BLEU, average ROUGE-L, and weigh n-grams anew for CIDEr."""
        totals, weight = weights @ stats.array("terms"), weights.sum(axis=1)
        bleu = np.where(weight[:, None] > 0, _bleu(totals[:, :-1]), np.nan)
        rouge = ratio(totals[:, -1], weight)
        return np.column_stack([bleu, rouge, cider(stats, weights)])

    def influence(self, stats: ExampleStats) -> Floats:
        """Leave each image out of BLEU and ROUGE-L; CIDEr's n-grams would all be weighed anew."""
        terms, n = stats.array("terms"), len(stats)
        without = terms.sum(axis=0) - terms
        known = np.column_stack([_bleu(without[:, :-1]), without[:, -1] / max(1, n - 1)])
        moved = (n - 1) * (known.mean(axis=0) - known)
        return np.column_stack([moved, np.full(n, np.nan)])


def _bleu(totals: Floats) -> Floats:
    """Return BLEU-1 to 4 from the sums of `bleu_terms`: (r, 4)."""
    common, guessed = totals[:, 2 : 2 + LONGEST], totals[:, 2 + LONGEST :]
    shares = np.cumprod((common + TINY) / (guessed + SMALL), axis=1)
    bleu: Floats = shares ** (1 / np.arange(1, LONGEST + 1))
    length = (totals[:, 0] + TINY) / (totals[:, 1] + SMALL)
    return bleu * np.exp(np.minimum(0, 1 - 1 / length))[:, None]
