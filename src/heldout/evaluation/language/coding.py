"""Captions as numbers of their tokens: a word is tokenised once, however often it is said."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from heldout.evaluation.data import AnyArray
from heldout.evaluation.language.tokens import split_apart, tokenise_piece


class Coded(NamedTuple):
    """The tokens of captions, one caption after the other.

    Attributes:
        codes: Equal for equal tokens, counted from 0.
        lengths: How many tokens each caption has.
    """

    codes: AnyArray
    lengths: AnyArray


class _Places(dict[str, int]):
    """Numbers in the order of the first question."""

    def __missing__(self, key: str) -> int:
        return self.setdefault(key, len(self))


def encode(captions: Sequence[str]) -> tuple[Coded, Coded]:
    """Tokenise captions and return them twice.

    The scores' scripts part tokens differently: n-grams at any white space, and ROUGE-L at spaces
    alone, so that a no-break space within a telephone number parts it for the one and not for the
    other.

    Returns:
        Tokens for n-grams, and tokens for ROUGE-L.
    """
    known = _Places()
    pieces = [split_apart(caption) for caption in captions]
    said = np.fromiter(map(known.__getitem__, chain.from_iterable(pieces)), np.int64)
    counts = np.fromiter(map(len, pieces), np.int64, len(pieces))
    tokens = [tokenise_piece(piece) for piece in known]
    by_spaces = [text.split(" ") if text else [] for text in tokens]
    return _expand(said, counts, [text.split() for text in tokens]), _expand(
        said, counts, by_spaces
    )


def _expand(said: AnyArray, counts: AnyArray, spelt: Sequence[Sequence[str]]) -> Coded:
    """Put the tokens of each piece in its places."""
    vocabulary = _Places()
    sizes = np.fromiter(map(len, spelt), np.int64, len(spelt))
    codes = np.fromiter(map(vocabulary.__getitem__, chain.from_iterable(spelt)), np.int64)
    took = sizes[said]
    ends = np.cumsum(took)
    starts = (np.cumsum(sizes) - sizes)[said] - (ends - took)
    lengths = np.diff(np.concatenate([[0], ends])[np.concatenate([[0], np.cumsum(counts)])])
    return Coded(codes[np.repeat(starts, took) + np.arange(took.sum())], lengths)
