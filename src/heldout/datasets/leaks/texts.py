"""The same text, and nearly the same text, on both sides of a split.

Near texts are found by MinHash over runs of characters and confirmed by their true Jaccard similarity.
Source: Broder, "On the resemblance and containment of documents" (1997).
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

#: Shorter texts say the same thing by chance: "yes", "a dog".
SHORTEST = 20
SIMILAR = 0.8
_RUN = 5
_HASHES, _BANDS = 64, 16
_PRIME = np.uint64(2**31 - 1)
_NO_LETTER = re.compile(r"[^\w]+")

Signature = NDArray[np.uint64]


def normalise(text: str) -> str:
    """Return a text without case, accents' spellings, punctuation and repeated spaces."""
    return _NO_LETTER.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def same_texts(left: Sequence[str], right: Sequence[str]) -> list[tuple[int, int]]:
    """Return pairs (index in left, index in right) whose normalised texts are equal and long enough."""
    places = defaultdict(list)
    for index, text in enumerate(map(normalise, right)):
        if len(text) >= SHORTEST:
            places[text].append(index)
    return [
        (index, other)
        for index, text in enumerate(map(normalise, left))
        for other in places.get(text, ())
    ]


def near_texts(
    left: Sequence[str], right: Sequence[str], *, least: float = SIMILAR, seed: int = 0
) -> list[tuple[int, int, float]]:
    """Return (index in left, index in right, similarity) of texts that share most runs of 5 characters.

    A pair of similarity 0.8 is found with a probability above 0.999; equal texts are left out.
    """
    ours, theirs = [*map(normalise, left)], [*map(normalise, right)]
    permutations = _permutations(seed)
    buckets: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    for index, text in enumerate(theirs):
        for band in _bands(text, permutations):
            buckets[band].append(index)
    found = []
    for index, text in enumerate(ours):
        near = {other for band in _bands(text, permutations) for other in buckets.get(band, ())}
        for other in sorted(near):
            similarity = jaccard(text, theirs[other])
            if least <= similarity and text != theirs[other]:
                found.append((index, other, similarity))
    return found


def jaccard(first: str, second: str) -> float:
    """Return the share of runs of 5 characters that two normalised texts have in common."""
    a, b = _runs(first), _runs(second)
    return len(a & b) / len(a | b) if a and b else 0.0


def _runs(text: str) -> set[str]:
    return {text[start : start + _RUN] for start in range(len(text) - _RUN + 1)}


def _permutations(seed: int) -> NDArray[np.uint64]:
    drawn = np.random.default_rng(seed).integers(1, int(_PRIME), (2, _HASHES, 1))
    return drawn.astype(np.uint64)


def _bands(text: str, permutations: NDArray[np.uint64]) -> Iterator[tuple[int, bytes]]:
    if len(text) < SHORTEST:
        return
    hashed = np.array([zlib.crc32(run.encode()) for run in _runs(text)], np.uint64) % _PRIME
    factors, offsets = permutations
    least = ((factors * hashed + offsets) % _PRIME).min(axis=1)
    for number, band in enumerate(least.reshape(_BANDS, -1)):
        yield number, band.tobytes()
