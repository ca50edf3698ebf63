"""Compares every two splits of a data set, tier by tier."""

from __future__ import annotations

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heldout.datasets.leaks.grey import read_grey
from heldout.datasets.leaks.hashing import VARIANTS, Hashes, variants
from heldout.datasets.leaks.joining import candidates, near_pairs
from heldout.datasets.leaks.texts import near_texts, same_texts
from heldout.datasets.leaks.verifying import LEAST, correlation, patch

#: The radius within which a copy's hash lies, and the smaller one for sets too large for it.
RADIUS, RADIUS_OF_LARGE = 8, 3
_MOST_CANDIDATES = 2e9
_VECTORS_TOGETHER = 20_000
#: A smaller picture looks like another one of its kind; only equal pixels say something.
SMALLEST_SIDE = 32


class Tier(StrEnum):
    """How a leak was found, from certain to suspected."""

    BYTES = "same bytes"
    PIXELS = "same pixels"
    PICTURE = "same picture"
    TEXT = "same text"
    NEAR_TEXT = "nearly the same text"
    EMBEDDING = "near embedding"
    GROUP = "same group"


@dataclass(frozen=True, slots=True)
class Leak:
    """Two examples that stand on both sides.

    Attributes:
        evidence: The correlation of pictures, the similarity of texts or embeddings, the group's value.
    """

    first: str
    second: str
    tier: Tier
    evidence: str


@dataclass(frozen=True, slots=True)
class PairOfSplits:
    """What two splits have in common. A pair of examples stands once, with its most certain tier.

    Attributes:
        first: The split that is asked about, such as test.
        second: The other one, such as train.
        examples: Of the first split.
        notes: What was not looked at, and why.
    """

    first: str
    second: str
    examples: int
    leaks: tuple[Leak, ...]
    notes: tuple[str, ...] = ()

    @property
    def leaked(self) -> frozenset[str]:
        """Examples of the first split that stand in the second one too; groups do not count."""
        return frozenset(leak.first for leak in self.leaks if leak.tier is not Tier.GROUP)

    @property
    def share(self) -> float:
        """Share of the first split that is leaked."""
        return len(self.leaked) / self.examples if self.examples else 0.0

    def counts(self) -> dict[Tier, int]:
        """Return how many examples of the first split each tier found."""
        found: dict[Tier, set[str]] = defaultdict(set)
        for leak in self.leaks:
            found[leak.tier].add(leak.first)
        return {tier: len(found[tier]) for tier in Tier if tier in found}


@dataclass(frozen=True)
class Part:
    """One split, ready to be compared.

    Attributes:
        media: Files in the order of the examples; None where an example has none.
        texts: By column.
        groups: By column, such as photographer or household; None is no group.
        embeddings: Shape (examples, dimensions), in the order of the examples.
    """

    name: str
    ids: Sequence[str]
    media: Sequence[Path | None] = ()
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    groups: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    embeddings: NDArray[np.floating[Any]] | None = None


@dataclass(eq=False, slots=True)
class _Pictures:
    """What is known of a split's pictures.

    Attributes:
        index: The example that each of them belongs to.
        hashes: Shape (pictures, variants).
        tiny: Whether a picture is too small for its hash to say anything.
    """

    index: NDArray[np.int64]
    paths: list[Path]
    hashes: Hashes
    contents: list[bytes]
    pixels: list[bytes]
    tiny: NDArray[np.bool_]

    @property
    def large(self) -> NDArray[np.int64]:
        """Places of those that are large enough."""
        return np.flatnonzero(~self.tiny)


def find_leaks(
    parts: Sequence[Part],
    *,
    similar_embeddings: float = 0.95,
    progress: Callable[[int], None] = lambda done: None,
) -> list[PairOfSplits]:
    """Compare every two splits.

    Args:
        parts: The splits; of each two the later one is asked about, so give train first and test last.
        similar_embeddings: Cosine from which two embeddings are called near.
        progress: Called with the number of pictures read so far.
    """
    counter = itertools.count(1)
    pictures = {part.name: _read_pictures(part, lambda: progress(next(counter))) for part in parts}
    return [
        _compare(first, second, pictures, similar_embeddings)
        for second, first in itertools.combinations(parts, 2)
    ]


def part_of(
    name: str,
    table: pl.DataFrame,
    *,
    id_column: str,
    root: Path,
    media: str | None = None,
    texts: Iterable[str] = (),
    groups: Iterable[str] = (),
) -> Part:
    """Return a table's split; columns it lacks are left out."""
    paths = table[media].to_list() if media and media in table.columns else []
    return Part(
        name=name,
        ids=table[id_column].cast(pl.String).to_list(),
        media=[root / path if path else None for path in paths],
        texts={
            column: table[column].cast(pl.String).fill_null("").to_list()
            for column in texts
            if column in table.columns
        },
        groups={column: table[column].to_list() for column in groups if column in table.columns},
    )


def _read_pictures(part: Part, step: Callable[[], None]) -> _Pictures:
    def read(path: Path | None) -> tuple[Path, bytes, bytes, Hashes, bool] | None:
        step()
        if path is None:
            return None
        try:
            grey = read_grey(path)
        except OSError:
            return None  # What cannot be decoded is reported where data are checked.
        content = hashlib.sha256(path.read_bytes()).digest()
        pixels = hashlib.sha256(repr(grey.shape).encode() + grey.tobytes()).digest()
        return path, content, pixels, variants(grey), min(grey.shape) < SMALLEST_SIDE

    with ThreadPoolExecutor() as pool:
        read_all = list(pool.map(read, part.media))
    kept = [(index, found) for index, found in enumerate(read_all) if found is not None]
    return _Pictures(
        index=np.array([index for index, _ in kept], np.int64),
        paths=[found[0] for _, found in kept],
        hashes=np.array([found[3] for _, found in kept], np.uint64).reshape(-1, VARIANTS),
        contents=[found[1] for _, found in kept],
        pixels=[found[2] for _, found in kept],
        tiny=np.array([found[4] for _, found in kept], bool),
    )


def _compare(
    first: Part, second: Part, pictures: Mapping[str, _Pictures], similar: float
) -> PairOfSplits:
    ours, theirs = pictures[first.name], pictures[second.name]
    found: dict[tuple[int, int], tuple[Tier, str]] = {}
    for tier, pairs in (
        (Tier.BYTES, _equal_pictures(ours, theirs, ours.contents, theirs.contents)),
        (Tier.PIXELS, _equal_pictures(ours, theirs, ours.pixels, theirs.pixels)),
        (Tier.PICTURE, _like_pictures(ours, theirs)),
        (Tier.TEXT, _equal_texts(first, second)),
        (Tier.NEAR_TEXT, _like_texts(first, second)),
        (Tier.EMBEDDING, _like_embeddings(first, second, similar)),
        (Tier.GROUP, _groups(first, second)),
    ):
        for here, there, evidence in pairs:
            found.setdefault((here, there), (tier, evidence))
    leaks = tuple(
        Leak(first.ids[here], second.ids[there], tier, evidence)
        for (here, there), (tier, evidence) in sorted(found.items())
    )
    return PairOfSplits(first.name, second.name, len(first.ids), leaks, _notes(ours, theirs))


_Pairs = Iterator[tuple[int, int, str]]


def _equal_pictures(
    ours: _Pictures, theirs: _Pictures, mine: Sequence[bytes], other: Sequence[bytes]
) -> _Pairs:
    for here, there in _equal(mine, other):
        yield int(ours.index[here]), int(theirs.index[there]), ""


def _equal(mine: Iterable[Hashable], other: Iterable[Hashable]) -> Iterator[tuple[int, int]]:
    places = defaultdict(list)
    for there, key in enumerate(other):
        places[key].append(there)
    for here, key in enumerate(mine):
        for there in places.get(key, ()):
            yield here, there


def _radius(ours: _Pictures, theirs: _Pictures) -> int:
    work = 2 * VARIANTS * candidates(len(ours.index), len(theirs.index), radius=RADIUS)
    return RADIUS if work <= _MOST_CANDIDATES else RADIUS_OF_LARGE


def _notes(ours: _Pictures, theirs: _Pictures) -> tuple[str, ...]:
    notes = []
    tiny = int(ours.tiny.sum() + theirs.tiny.sum())
    if tiny:
        notes.append(
            f"{tiny:,} pictures have a side below {SMALLEST_SIDE} pixels; "
            "they were compared by bytes and pixels only"
        )
    if _radius(ours, theirs) != RADIUS:
        notes.append(
            f"so many pictures were compared within {RADIUS_OF_LARGE} bits instead of {RADIUS}: "
            "about half of all cropped copies are found"
        )
    return tuple(notes)


def _like_pictures(ours: _Pictures, theirs: _Pictures) -> _Pairs:
    """A copy may be cropped on either side, so each side's variants meet the other side's wholes.

    Pictures are read again to be compared: few are, and all of them would not fit into memory.
    """
    radius, grey = _radius(ours, theirs), lru_cache(maxsize=2048)(read_grey)
    best: dict[tuple[int, int], float] = {}
    for here, there, variant in _near_variants(ours, theirs, radius):
        alike = correlation(
            patch(grey(ours.paths[here]), variant), patch(grey(theirs.paths[there]))
        )
        best[here, there] = max(best.get((here, there), -1.0), alike)
    for there, here, variant in _near_variants(theirs, ours, radius):
        alike = correlation(
            patch(grey(theirs.paths[there]), variant), patch(grey(ours.paths[here]))
        )
        best[here, there] = max(best.get((here, there), -1.0), alike)
    for (here, there), alike in best.items():
        if alike >= LEAST:
            yield int(ours.index[here]), int(theirs.index[there]), f"correlation {alike:.2f}"


def _near_variants(cut: _Pictures, whole: _Pictures, radius: int) -> Iterator[tuple[int, int, int]]:
    mine, other = cut.large, whole.large
    if not len(mine) or not len(other):
        return
    for variant in range(VARIANTS):
        pairs = near_pairs(cut.hashes[mine, variant], whole.hashes[other, 0], radius=radius)
        for here, there in zip(
            mine[pairs[:, 0]].tolist(), other[pairs[:, 1]].tolist(), strict=True
        ):
            yield here, there, variant


def _equal_texts(first: Part, second: Part) -> _Pairs:
    for column in first.texts.keys() & second.texts.keys():
        for here, there in same_texts(first.texts[column], second.texts[column]):
            yield here, there, column


def _like_texts(first: Part, second: Part) -> _Pairs:
    for column in first.texts.keys() & second.texts.keys():
        for here, there, similarity in near_texts(first.texts[column], second.texts[column]):
            yield here, there, f"{column}, {similarity:.2f}"


def _like_embeddings(first: Part, second: Part, similar: float) -> _Pairs:
    if first.embeddings is None or second.embeddings is None:
        return
    ours, theirs = _unit(first.embeddings), _unit(second.embeddings)
    for low in range(0, len(ours), _VECTORS_TOGETHER):
        block = ours[low : low + _VECTORS_TOGETHER] @ theirs.T
        for here, there in np.argwhere(block >= similar).tolist():
            yield low + here, there, f"cosine {block[here, there]:.3f}"


def _unit(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), np.float32)


def _groups(first: Part, second: Part) -> _Pairs:
    """One pair for each example of the first split is enough: its group's first member over there."""
    for column in first.groups.keys() & second.groups.keys():
        leaders: dict[Any, int] = {}
        for there, value in enumerate(second.groups[column]):
            leaders.setdefault(value, there)
        for here, value in enumerate(first.groups[column]):
            if value is not None and value in leaders:
                yield here, leaders[value], f"{column} {value}"
