"""Counts of classes in resamples, where there are too many kinds of mistakes to draw each kind."""

from __future__ import annotations

import numpy as np

from heldout.errors import MissingExtra
from heldout.evaluation.classwise import ClassCounts
from heldout.evaluation.data import AnyArray
from heldout.evaluation.threads import in_threads
from heldout.statistics.weights import Resampling

EXAMPLES_PER_CELL = 64  # From here on the cells of the confusion matrix are fewer to draw.
FEWEST_DRAWS = 10_000_000  # Below, loading the compiler costs more than it saves.
SPARE = 64  # Slots nobody reads, so that hits do not wait for one another to be counted there.


def draw_class_counts(
    reference: AnyArray, prediction: AnyArray, size: int, resampling: Resampling
) -> ClassCounts | None:
    """Count hits, predictions and references of each class in every resample.

    Examples are drawn one by one and counted at once, without weights in between. As with
    `Resampling.group_blocks`, the draws are not those of `Resampling.blocks`.

    Returns:
        None where another way is faster: few cells, few draws, or no compiler.
    """
    n, replicates = resampling.n, resampling.replicates
    few = size * (size + 1) * EXAMPLES_PER_CELL <= n or n * replicates < FEWEST_DRAWS
    if few or resampling.clusters is not None:
        return None
    try:
        from heldout.evaluation.kernels.labels import draw_counts
    except MissingExtra:
        return None
    slots = _slots(reference, prediction, size)
    key = np.random.default_rng((resampling.seed, replicates)).integers(2**64, dtype=np.uint64)
    counts = np.zeros((replicates, 3 * size + SPARE), dtype=np.int32)
    in_threads(lambda part: draw_counts(slots, key, part.start, counts[part]), replicates)
    hits, missed, alarms = (counts[:, at * size :][:, :size].astype(float) for at in range(3))
    return ClassCounts(hits, hits + alarms, hits + missed)


def _slots(reference: AnyArray, prediction: AnyArray, size: int) -> AnyArray:
    """Return where each example is counted: as a hit, or as missed and as a false alarm."""
    right = reference == prediction
    spare = 3 * size + np.arange(len(reference)) % SPARE
    first = np.where(right, reference, size + reference)
    second = np.where(right | (prediction < 0), spare, 2 * size + prediction)
    return np.stack([first, second], axis=1).astype(np.min_scalar_type(3 * size + SPARE))
