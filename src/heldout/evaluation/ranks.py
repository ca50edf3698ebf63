"""Ranks of the true classes among the scores of all classes."""

from __future__ import annotations

import sys
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from heldout.errors import MissingExtra
from heldout.evaluation.data import AnyArray, Codes, LabelPredictions, LabelReferences
from heldout.evaluation.threads import in_threads

Ranks = NDArray[np.int64]

CELLS = 1 << 17  # Compared together: as many as the cache next to a core holds.
WORTH_LOADING = 300_000_000  # Cells from which on the compiled loop repays loading the compiler.

_known: WeakKeyDictionary[LabelPredictions, tuple[LabelReferences, Ranks]] = WeakKeyDictionary()


def ranks_of(predictions: LabelPredictions, references: LabelReferences) -> Ranks:
    """Return the rank of each reference among the scores; once for all metrics that ask."""
    known = _known.get(predictions)
    if known is None or known[0] is not references:
        assert predictions.scores is not None
        known = references, ranks(predictions.scores, references.labels)
        _known[predictions] = known
    return known[1]


def ranks(scores: AnyArray, labels: Codes) -> Ranks:
    """Return how many classes rank before each label: higher, or equal and declared later.

    The array is read once.
    """
    if "numba" in sys.modules or scores.size >= WORTH_LOADING:
        try:
            return _compiled(scores, labels)
        except MissingExtra:
            pass
    return _in_parts(scores, labels)


def _compiled(scores: AnyArray, labels: Codes) -> Ranks:
    from heldout.evaluation.kernels.labels import rank

    before = np.empty(len(labels), dtype=np.int64)
    codes = np.asarray(labels, dtype=np.int32)
    in_threads(lambda part: rank(scores[part], codes[part], before[part]), len(labels))
    return before


def _in_parts(scores: AnyArray, labels: Codes) -> Ranks:
    """Compare the rows in blocks that stay in the processor's cache."""
    classes = scores.shape[1]
    before = np.empty(len(labels), dtype=np.int64)
    rows = max(1, CELLS // max(1, classes))
    higher, reached = (np.zeros((rows, -(-classes // 8) * 8), bool) for _ in range(2))
    for start in range(0, len(labels), rows):
        part, label = scores[start : start + rows], labels[start : start + rows, None]
        own = np.take_along_axis(part, label, axis=1)
        np.greater(part, own, out=higher[: len(part), :classes])
        np.greater_equal(part, own, out=reached[: len(part), :classes])
        found = _count(higher[: len(part)])
        tied = np.flatnonzero(_count(reached[: len(part)]) - found - 1)
        if len(tied):
            equal = part[tied] == own[tied]
            found[tied] += (equal & (np.arange(classes) > label[tied])).sum(axis=1)
        before[start : start + rows] = found
    return before


def _count(flags: NDArray[np.bool_]) -> Ranks:
    """Count the true cells of each row, eight at a time: a byte holds 255 before it overflows."""
    lanes = flags.view(np.uint64)
    counts = np.zeros(len(flags), np.int64)
    for start in range(0, lanes.shape[1], 255):
        sums = lanes[:, start : start + 255].sum(axis=1)
        counts += sums.view(np.uint8).reshape(-1, 8).sum(axis=1, dtype=np.int64)
    return counts
