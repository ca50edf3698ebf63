"""Whole groups to splits: sizes, and strata where asked, as near to their shares as groups allow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.float64]

_MOST_GROUPS_TO_SWAP = 300


def assign_groups(
    groups: Sequence[str | None], strata: Sequence[str | None], fractions: Sequence[float]
) -> list[int]:
    """Return the split of each row, the same for all rows of a group.

    Groups are dealt one by one, in the order in which they first occur, to the split that is then
    furthest below its share; afterwards single groups move, and pairs of groups change places, as
    long as that brings the sizes closer. Distance is the sum over splits and strata of the squared
    difference from the exact share.

    Args:
        groups: The group of each row, in random order; None is a group like any other.
        strata: The stratum of each row.
        fractions: The share of each split.
    """
    rows_of_group, group_of_row = np.unique([_key(name) for name in groups], return_inverse=True)
    _, stratum_of_row = np.unique([_key(name) for name in strata], return_inverse=True)
    counts = np.zeros((len(rows_of_group), stratum_of_row.max() + 1))
    np.add.at(counts, (group_of_row, stratum_of_row), 1)
    excess = -np.outer(fractions, counts.sum(axis=0))
    split_of = _deal(counts, excess, _first_occurrence(group_of_row))
    _improve(counts, excess, split_of)
    return [int(split_of[group]) for group in group_of_row]


def _key(name: str | None) -> str:
    return "0" if name is None else f"1{name}"


def _first_occurrence(group_of_row: NDArray[np.intp]) -> NDArray[np.intp]:
    _, first = np.unique(group_of_row, return_index=True)
    return np.argsort(first)


def _deal(counts: Counts, excess: Counts, order: NDArray[np.intp]) -> NDArray[np.intp]:
    """Give each group to the split where it adds least; `excess` (splits, strata) is kept up."""
    split_of = np.zeros(len(counts), dtype=np.intp)
    for group in order:
        chosen = np.argmin(excess @ counts[group])
        split_of[group] = chosen
        excess[chosen] += counts[group]
    return split_of


def _improve(counts: Counts, excess: Counts, split_of: NDArray[np.intp]) -> None:
    """Make the best move or swap until none helps; each one lowers the distance, so it ends."""
    for _ in range(len(counts)):
        if not (_move(counts, excess, split_of) or _swap(counts, excess, split_of)):
            return


def _move(counts: Counts, excess: Counts, split_of: NDArray[np.intp]) -> bool:
    own = np.einsum("gs,gs->g", excess[split_of], counts)
    gain = 2 * (counts @ excess.T - own[:, None] + (counts**2).sum(axis=1)[:, None])
    gain[np.arange(len(counts)), split_of] = 0
    group, target = np.unravel_index(np.argmin(gain), gain.shape)
    if gain[group, target] >= -1e-9:
        return False
    _transfer(int(group), int(target), counts, excess, split_of)
    return True


def _swap(counts: Counts, excess: Counts, split_of: NDArray[np.intp]) -> bool:
    if len(counts) > _MOST_GROUPS_TO_SWAP:
        return False
    change = counts[None, :] - counts[:, None]
    difference = excess[split_of][:, None] - excess[split_of][None, :]
    gain = 2 * ((difference * change).sum(axis=2) + (change**2).sum(axis=2))
    gain[split_of[:, None] == split_of[None, :]] = 0
    one, other = (int(i) for i in np.unravel_index(np.argmin(gain), gain.shape))
    if gain[one, other] >= -1e-9:
        return False
    here, there = int(split_of[one]), int(split_of[other])
    _transfer(one, there, counts, excess, split_of)
    _transfer(other, here, counts, excess, split_of)
    return True


def _transfer(
    group: int, target: int, counts: Counts, excess: Counts, split_of: NDArray[np.intp]
) -> None:
    excess[split_of[group]] -= counts[group]
    excess[target] += counts[group]
    split_of[group] = target
