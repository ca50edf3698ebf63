"""Classes in a hierarchy, and how high above two of them lies what they have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

import numpy as np

from heldout.evaluation.data import Floats

ROOT = ""
Parents = Mapping[str, Iterable[str]]


def parents_in_names(classes: Sequence[str]) -> dict[str, set[str]]:
    """Read the hierarchy that class names spell out: `animal/dog/poodle`."""
    parents: dict[str, set[str]] = {}
    for name in classes:
        steps = name.split("/")
        for end in range(len(steps), 0, -1):
            parents.setdefault("/".join(steps[:end]), set()).add("/".join(steps[: end - 1]))
    return parents


def common_heights(classes: Sequence[str], parents: Parents) -> Floats:
    """Return the height of the lowest common ancestor of any two classes: (classes, classes).

    The height of a class is the longest way down to one that has none below it. A class may have
    several parents; what has none stands below one root. A class with itself has 0.

    Raises:
        CycleError: A class is above itself.
    """
    above = {name: set(some) - {ROOT} or {ROOT} for name, some in parents.items() if name != ROOT}
    for name in {parent for some in above.values() for parent in some} | set(classes):
        if name != ROOT:
            above.setdefault(name, {ROOT})
    downwards = list(TopologicalSorter(above).static_order())
    height = dict.fromkeys(downwards, 0)
    below: dict[str, set[int]] = {name: set() for name in downwards}
    for code, name in enumerate(classes):
        below[name].add(code)
    for name in reversed(downwards):
        for parent in above.get(name, ()):
            height[parent] = max(height[parent], height[name] + 1)
            below[parent] |= below[name]
    heights = np.zeros((len(classes), len(classes)))
    for name in sorted(downwards, key=height.__getitem__, reverse=True):
        members = sorted(below[name])
        heights[np.ix_(members, members)] = height[name]
    np.fill_diagonal(heights, 0)
    return heights


__all__ = ["CycleError", "common_heights", "parents_in_names"]
