"""Weights of the bootstrap: how often each example is drawn in each resample."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heldout.statistics import drawn

BLOCK_BYTES = 1 << 24  # Weights held at a time; small enough for the caches of a server.
TOGETHER = 128  # What is walked side by side elsewhere; larger blocks are multiples of it.
LARGE_GROUP = 32  # From this size on one binomial draw is cheaper than drawing the members.


@dataclass(frozen=True, eq=False)
class Resampling:
    """Resamples of `n` examples, regenerated from the seed whenever they are needed.

    Every resample draws as many units as there are, with replacement. A unit is an example or,
    where `clusters` are given, all the examples of one cluster. Replicate number r depends on the
    seed, r and the number of units alone: whoever asks for the same seed gets the same weights,
    whatever the block size, which makes differences between submissions paired.

    Attributes:
        n: Number of examples.
        seed: Not negative.
        replicates: Number of resamples.
        clusters: One value per example, equal within a cluster; None where examples are
            independent.
    """

    n: int
    seed: int
    replicates: int = 1000
    clusters: ArrayLike | None = None

    @cached_property
    def cluster_codes(self) -> NDArray[np.intp] | None:
        """The number of each example's cluster, from 0; None where examples are independent."""
        if self.clusters is None:
            return None
        codes: NDArray[np.intp] = np.unique(np.asarray(self.clusters), return_inverse=True)[1]
        if len(codes) != self.n:
            raise ValueError(f"{len(codes)} clusters for {self.n} examples")
        return codes

    @property
    def units(self) -> int:
        """How many independent units there are: examples or clusters."""
        codes = self.cluster_codes
        return self.n if codes is None else int(codes.max(initial=-1)) + 1

    def blocks(self, size: int | None = None) -> Iterator[NDArray[np.float64]]:
        """Yield whole-numbered weights of shape (at most `size`, n) until all replicates are out."""
        if size is None:
            size = max(1, BLOCK_BYTES // (8 * max(1, self.n)))
            size -= size % TOGETHER if size > TOGETHER else 0
        codes = self.cluster_codes
        for start in range(0, self.replicates, size):
            counts = drawn.counts(self.seed, self.units, self.replicates, start, start + size)
            yield (counts if codes is None else counts[:, codes]).astype(np.float64, copy=False)

    def group_blocks(self, sizes: NDArray[np.intp]) -> Iterator[NDArray[np.float64]]:
        """Yield how often each group of interchangeable examples is drawn: (block, groups).

        The distribution is exactly that of `blocks` summed within the groups, at a cost that hardly
        grows with the number of examples. The draws are others, though: good for the interval of
        one number, not for paired comparisons.

        Args:
            sizes: How many of the `n` examples each group has.

        Raises:
            ValueError: There are clusters, so that examples are not interchangeable.
        """
        if self.clusters is not None:
            raise ValueError("examples in clusters are not interchangeable")
        generator = np.random.default_rng((self.seed, self.replicates))
        large = sizes >= LARGE_GROUP
        small_of = np.repeat(np.flatnonzero(~large), sizes[~large])
        counts = np.append(sizes[large], len(small_of)) if len(small_of) else sizes
        size = max(1, BLOCK_BYTES // (8 * max(1, len(sizes))))
        for start in range(0, self.replicates, size):
            many = min(size, self.replicates - start)
            sampled = generator.multinomial(self.n, counts / self.n, size=many)
            if not len(small_of):
                yield sampled.astype(np.float64)
                continue
            block = np.zeros((many, len(sizes)))
            block[:, large] = sampled[:, :-1]
            for row, rest in enumerate(sampled[:, -1]):
                chosen = small_of[generator.integers(len(small_of), size=rest)]
                block[row] += np.bincount(chosen, minlength=len(sizes))
            yield block
