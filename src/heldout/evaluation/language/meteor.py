"""METEOR 1.5's score from the counts its program keeps (Denkowski & Lavie 2014, section 3)."""

from __future__ import annotations

import numpy as np

from heldout.evaluation.data import Floats
from heldout.evaluation.metric import ratio

ALPHA, BETA, GAMMA, DELTA = 0.85, 0.2, 0.6, 0.75  # The program's settings for English.
LENGTHS, CHUNKS, WORDS = slice(0, 2), 20, slice(21, 23)
MATCHERS = np.array([1.0, 0.6, 0.8, 0.6])  # Exact, stem, synonym, paraphrase.


def meteor(counts: Floats) -> Floats:
    """Return the score of counts that were summed over captions: (…, 23) to (…,).

    The counts: lengths of caption and reference, how many of their words are function words, for
    each matcher the content words of either and the function words of either that it matched, the
    chunks, and the matched words of either. Chunks are those of `without_whole_chunks`.
    """
    lengths, functions = counts[..., LENGTHS], counts[..., 2:4]
    matched = counts[..., 4:20].reshape(*counts.shape[:-1], 4, 4)
    content, function = matched[..., 0:2], matched[..., 2:4]
    weighed = DELTA * content + (1 - DELTA) * function
    whole = DELTA * (lengths - functions) + (1 - DELTA) * functions
    shares = ratio((weighed * MATCHERS[:, None]).sum(axis=-2), whole)
    precision, recall = shares[..., 0], shares[..., 1]
    mean = ratio(precision * recall, ALPHA * precision + (1 - ALPHA) * recall)
    scattered = ratio(counts[..., CHUNKS], counts[..., WORDS].mean(axis=-1))
    return np.nan_to_num(mean * (1 - GAMMA * scattered**BETA))


def without_whole_chunks(counts: Floats) -> Floats:
    """Return the counts of captions (n, 23), with no chunks where all words match in one chunk."""
    words = (counts[:, WORDS] == counts[:, LENGTHS]).all(axis=1)
    kept = counts.copy()
    kept[words & (counts[:, CHUNKS] == 1), CHUNKS] = 0
    return kept
