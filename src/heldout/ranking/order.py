"""Ranks from values."""

from __future__ import annotations

import math
from collections.abc import Sequence


def shared_ranks(values: Sequence[float | None], *, higher_is_better: bool) -> list[int]:
    """Return the rank of each value; equal values share the better rank: 1, 2, 2, 4.

    Values that are missing (None or NaN) share the rank after all others, in either direction.
    """
    keys = [sort_key(value, higher_is_better=higher_is_better) for value in values]
    first: dict[tuple[bool, float], int] = {}
    for rank, key in enumerate(sorted(keys), start=1):
        first.setdefault(key, rank)
    return [first[key] for key in keys]


def sort_key(value: float | None, *, higher_is_better: bool) -> tuple[bool, float]:
    """Return a key that sorts the best value first and a missing one last."""
    if value is None or math.isnan(value):
        return (True, 0.0)
    return (False, -value if higher_is_better else value)
