"""The n-grams of captions, counted once, and what BLEU and ROUGE-L are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from heldout.evaluation.data import AnyArray, Floats
from heldout.evaluation.stats import Ragged

LONGEST = 4
BETA = 1.2  # Of ROUGE-L: how much more recall counts than precision.


class Counts(NamedTuple):
    """How often each n-gram stands in each caption of each example; rows of one example together.

    Attributes:
        gram: 4 x a code of the n-gram + n - 1, the same for equal n-grams.
        caption: 0 for the prediction, 1 … for the references.
        times: At least 1.
    """

    gram: Ragged
    caption: Ragged
    times: Ragged


def count_ngrams(captions: Sequence[Sequence[str]]) -> Counts:
    """Count the n-grams of tokenised captions.

    Args:
        captions: Of each example, the prediction first; tokens are separated by white space.
    """
    words = [text.split() for texts in captions for text in texts]
    sizes = np.array([len(texts) for texts in captions], dtype=np.int64)
    lengths = np.array([len(one) for one in words], dtype=np.int64)
    number = np.repeat(np.arange(len(words)), lengths)
    grams = _ngrams(words, lengths)
    span = max((int(gram.max(initial=0)) for _, gram in grams), default=0) + 1
    keys, times = np.unique(
        np.concatenate([number[at] * span + gram for at, gram in grams]), return_counts=True
    )
    number, gram = np.divmod(keys, span)
    example = np.repeat(np.arange(len(captions)), sizes)
    caption = np.arange(len(words)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    rows = np.bincount(example[number], minlength=len(captions))
    offsets = np.concatenate([[0], np.cumsum(rows)])
    return Counts(
        Ragged(gram.astype(np.uint32), offsets),
        Ragged(caption[number].astype(np.uint16), offsets),
        Ragged(times.astype(np.uint16), offsets),
    )


def _ngrams(words: Sequence[Sequence[str]], lengths: AnyArray) -> list[tuple[AnyArray, AnyArray]]:
    """Return, for each n, where the n-grams begin in the row of all words, and their codes."""
    vocabulary: dict[str, int] = {}
    codes = [vocabulary.setdefault(word, len(vocabulary)) for one in words for word in one]
    word = np.array(codes, dtype=np.int64)
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(word))  # To the caption's end.
    gram, found = word, []
    for n in range(1, LONGEST + 1):
        at = np.flatnonzero(left >= n)
        if n > 1:
            pairs = np.zeros(len(word), dtype=np.int64)
            pairs[at] = gram[at] * max(1, len(vocabulary)) + word[at + n - 1]
            gram = np.zeros(len(word), dtype=np.int64)
            gram[at] = np.unique(pairs[at], return_inverse=True)[1]
        found.append((at, gram[at] * LONGEST + n - 1))
    return found


def bleu_terms(captions: Sequence[Sequence[str]], counts: Counts) -> Floats:
    """Return what BLEU sums over examples: (n, 10).

    The prediction's length, that of the reference nearest to it in length (the shorter of two),
    then for n = 1 … 4 how many n-grams it has in common with its references, and how many it has.
    """
    lengths = [[len(text.split()) for text in texts] for texts in captions]
    own = np.array([one[0] for one in lengths], dtype=np.float64)
    nearest = [min((abs(size - one[0]), size) for size in one[1:])[1] for one in lengths]
    guessed = np.maximum(0, own[:, None] - np.arange(LONGEST))
    return np.column_stack([own, nearest, _common(counts), guessed])


def _common(counts: Counts) -> Floats:
    """Return, for each n, the prediction's counts cut at the largest of any reference: (n, 4)."""
    n = len(counts.gram)
    example = np.repeat(np.arange(n), np.diff(counts.gram.offsets))
    table = pl.DataFrame(
        {
            "example": example,
            "gram": counts.gram.values,
            "own": counts.caption.values == 0,
            "times": counts.times.values,
        }
    )
    keys = ["example", "gram"]
    most = table.filter(~pl.col("own")).group_by(keys).agg(most=pl.col("times").max())
    shared = table.filter("own").join(most, on=keys)
    cut = shared.select(pl.min_horizontal("times", "most")).to_series().to_numpy()
    cell = shared["example"].to_numpy() * LONGEST + shared["gram"].to_numpy() % LONGEST
    common = np.bincount(cell, weights=cut, minlength=n * LONGEST).astype(np.float64)
    return common.reshape(n, LONGEST)


def rouge_l(prediction: str, references: Sequence[str]) -> float:
    """Return ROUGE-L: the F-score of the longest common subsequence, beta 1.2.

    Precision and recall are each the largest over the references, not of one of them.
    """
    own, others = prediction.split(" "), [text.split(" ") for text in references]
    where = places_of(own)
    common = [longest_common(where, len(own), other) for other in others]
    precision = max(common) / len(own)
    recall = max(shared / len(other) for shared, other in zip(common, others, strict=True))
    if not precision or not recall:
        return 0.0
    return (1 + BETA**2) * precision * recall / (recall + BETA**2 * precision)


def places_of(tokens: Sequence[str]) -> dict[str, int]:
    """Return, for each token, a number whose bits are the places where it stands."""
    where: dict[str, int] = {}
    for place, token in enumerate(tokens):
        where[token] = where.get(token, 0) | 1 << place
    return where


def longest_common(where: Mapping[str, int], length: int, tokens: Sequence[str]) -> int:
    """Return the length of the longest common subsequence of tokens.

    Each bit of a row of the table says whether the next entry is the same; a whole row is one sum.

    Args:
        where: The places of the first sequence's tokens, as bits.
        length: Of the first sequence.
        tokens: The second sequence.
    """
    row = whole = (1 << length) - 1
    for token in tokens:
        if token in where:
            step = row & where[token]
            row = (row + step | row - step) & whole
    return length - row.bit_count()
