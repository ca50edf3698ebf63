"""ROUGE-L: the longest common subsequences of many pairs of captions at a time.

Each bit of a row of the table says whether the next entry is the same, so a whole row is one sum
(Hyyro 2004); captions of up to 63 tokens stand side by side, each in one number of 64 bits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from heldout.evaluation.data import AnyArray, Floats
from heldout.evaluation.language.coding import Coded

BETA = 1.2  # How much more recall counts than precision.
WIDEST = 63


def rouge_l(tokens: Coded, sizes: AnyArray) -> Floats:
    """Return ROUGE-L of each example: the F-score of the longest common subsequence, beta 1.2.

    Precision and recall are each the largest over the references, not of one of them. A caption
    without tokens counts as one empty token, as in the script.

    Args:
        tokens: Of all captions, those of an example together, the prediction first.
        sizes: How many captions each example has, at least two.
    """
    first = np.cumsum(sizes) - sizes
    references = np.delete(np.arange(int(sizes.sum())), first)
    predictions = np.repeat(first, sizes - 1)
    common = _common(tokens, predictions, references)
    lengths = np.maximum(1, tokens.lengths)
    starts = np.cumsum(sizes - 1) - (sizes - 1)
    precision = np.maximum.reduceat(common, starts) / lengths[first]
    recall = np.maximum.reduceat(common / lengths[references], starts)
    below = recall + BETA**2 * precision
    value: Floats = (1 + BETA**2) * precision * recall / np.where(below > 0, below, 1)
    return value


def _common(tokens: Coded, first: AnyArray, second: AnyArray) -> AnyArray:
    """Return the lengths of the longest common subsequences of pairs of captions."""
    ends = np.cumsum(tokens.lengths)
    long = np.maximum(tokens.lengths[first], tokens.lengths[second]) > WIDEST
    common = np.zeros(len(first), np.int64)
    common[~long] = _of_short(tokens, ends, first[~long], second[~long])
    for pair in np.flatnonzero(long):
        own, other = (
            tokens.codes[ends[at] - tokens.lengths[at] : ends[at]].tolist() or [-1]
            for at in (first[pair], second[pair])
        )
        common[pair] = longest_common(places_of(own), len(own), other)
    return common


def _of_short(tokens: Coded, ends: AnyArray, first: AnyArray, second: AnyArray) -> AnyArray:
    own, length = _columns(tokens, ends, first, filler=-2)
    other, _ = _columns(tokens, ends, second, filler=-3)
    whole = (np.uint64(1) << length.astype(np.uint64)) - np.uint64(1)
    row = whole.copy()
    for token in other:
        same = np.zeros(len(row), np.uint64)
        for place, mine in enumerate(own):
            same |= (mine == token).astype(np.uint64) << np.uint64(place)
        step = row & same
        row = ((row + step) | (row - step)) & whole
    shared: AnyArray = length - np.bitwise_count(row)
    return shared


def _columns(
    tokens: Coded, ends: AnyArray, captions: AnyArray, *, filler: int
) -> tuple[AnyArray, AnyArray]:
    """Return the first tokens of all captions, their second ones …, and their lengths."""
    lengths = tokens.lengths[captions]
    starts, widest = ends[captions] - lengths, max(1, int(lengths.max(initial=0)))
    columns = np.full((widest, len(captions)), filler, np.int32)
    columns[0] = -1  # The empty token
    for place in range(widest):
        there = lengths > place
        columns[place, there] = tokens.codes[starts[there] + place]
    return columns, np.maximum(1, lengths)


def places_of(tokens: Sequence[int]) -> dict[int, int]:
    """Return, for each token, a number whose bits are the places where it stands."""
    where: dict[int, int] = {}
    for place, token in enumerate(tokens):
        where[token] = where.get(token, 0) | 1 << place
    return where


def longest_common(where: Mapping[int, int], length: int, tokens: Sequence[int]) -> int:
    """Return the length of the longest common subsequence of tokens.

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
