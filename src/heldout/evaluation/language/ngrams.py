"""The n-grams of captions, counted once, and what BLEU is made of."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from heldout.evaluation.data import AnyArray, Floats
from heldout.evaluation.language.coding import Coded
from heldout.evaluation.stats import Ragged

LONGEST = 4


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


def count_ngrams(words: Coded, sizes: AnyArray) -> Counts:
    """Count the n-grams of captions.

    Args:
        words: Of all captions, those of an example together, the prediction first.
        sizes: How many captions each example has.
    """
    captions = len(words.lengths)
    number = np.repeat(np.arange(captions), words.lengths)
    grams = _ngrams(words)
    span = max((int(gram.max(initial=0)) for _, gram in grams), default=0) + 1
    keys, times = np.unique(
        np.concatenate([number[at] * span + gram for at, gram in grams]), return_counts=True
    )
    number, gram = np.divmod(keys, span)
    example = np.repeat(np.arange(len(sizes)), sizes)
    caption = np.arange(captions) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    rows = np.bincount(example[number], minlength=len(sizes))
    offsets = np.concatenate([[0], np.cumsum(rows)])
    return Counts(
        Ragged(gram.astype(np.uint32), offsets),
        Ragged(caption[number].astype(np.uint16), offsets),
        Ragged(times.astype(np.uint16), offsets),
    )


def _ngrams(words: Coded) -> list[tuple[AnyArray, AnyArray]]:
    """Return, for each n, where the n-grams begin in the row of all words, and their codes."""
    word, lengths = words
    vocabulary = int(word.max(initial=0)) + 1
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(word))  # To the caption's end.
    gram, found = word, []
    for n in range(1, LONGEST + 1):
        at = np.flatnonzero(left >= n)
        if n > 1:
            pairs = np.zeros(len(word), dtype=np.int64)
            pairs[at] = gram[at] * vocabulary + word[at + n - 1]
            gram = np.zeros(len(word), dtype=np.int64)
            gram[at] = np.unique(pairs[at], return_inverse=True)[1]
        found.append((at, gram[at] * LONGEST + n - 1))
    return found


def bleu_terms(words: Coded, sizes: AnyArray, counts: Counts) -> Floats:
    """Return what BLEU sums over examples: (n, 10).

    The prediction's length, that of the reference nearest to it in length (the shorter of two),
    then for n = 1 … 4 how many n-grams it has in common with its references, and how many it has.
    """
    first = np.cumsum(sizes) - sizes
    own, others = words.lengths[first], np.delete(words.lengths, first)
    apart = np.abs(others - np.repeat(own, sizes - 1))
    scale = int(words.lengths.max(initial=0)) + 1
    starts = np.cumsum(sizes - 1) - (sizes - 1)
    nearest = np.minimum.reduceat(apart * scale + others, starts) % scale
    guessed = np.maximum(0, own[:, None] - np.arange(LONGEST))
    return np.column_stack([own, nearest, _common(counts), guessed]).astype(np.float64)


def _common(counts: Counts) -> Floats:
    """Return, for each n, the prediction's counts cut at the largest of any reference: (n, 4)."""
    n = len(counts.gram)
    groups = group(counts.gram)
    own = counts.caption.values[groups.order] == 0
    times = counts.times.values[groups.order]
    most = np.maximum.reduceat(np.where(own, 0, times), groups.starts) if len(times) else times
    cut = np.where(own, times, 0)[groups.starts]
    cell = groups.example * LONGEST + groups.gram % LONGEST
    common = np.bincount(cell, weights=np.minimum(cut, most), minlength=n * LONGEST)
    return common.astype(np.float64).reshape(n, LONGEST)


class Groups(NamedTuple):
    """Rows of counts by example and n-gram.

    Attributes:
        order: The rows, those of a group together, captions ascending in it.
        starts: Where each group begins in that order.
        example: Of each group.
        gram: Of each group.
    """

    order: AnyArray
    starts: AnyArray
    example: AnyArray
    gram: AnyArray


def group(gram: Ragged) -> Groups:
    """Bring together the rows of an n-gram in the captions of one example."""
    example = np.repeat(np.arange(len(gram)), np.diff(gram.offsets))
    span = int(gram.values.max(initial=0)) + 1
    keys = example * span + gram.values.astype(np.int64)
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    return Groups(order, starts, *np.divmod(ordered[starts], span))
