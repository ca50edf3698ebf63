"""The bootstrap distribution of several entries under the same resamples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from heldout.errors import BadInput, Problem
from heldout.evaluation.data import Floats
from heldout.evaluation.metric import AdditiveMetric
from heldout.evaluation.stats import ExampleStats
from heldout.statistics.weights import Resampling

CHUNK_BYTES = 1 << 26  # Terms of entries held at a time.
BLOCK = 64  # Resamples held at a time, so that a block of them stays in the cache.


def paired_replicates(
    stats: Sequence[ExampleStats], *, name: str, resampling: Resampling
) -> Floats:
    """Return one number of every entry on every resample: (replicates, entries).

    All entries see the same resamples, so differences between columns are paired. Entries whose
    metric is additive are scored many at a time, by one matrix product for each block of weights;
    memory stays bounded however many there are.
    """
    position = stats[0].metric.names.index(name) if stats else 0
    metric = stats[0].metric if stats else None
    if not isinstance(metric, AdditiveMetric):
        return _one_by_one(stats, position, resampling)
    chunks = [_together(metric, chunk, position, resampling) for chunk in _chunks(metric, stats)]
    return np.concatenate(chunks, axis=1)


def refuse_unaligned(stats: Sequence[ExampleStats]) -> None:
    """Refuse entries that were not scored on the same examples with the same metric.

    Raises:
        BadInput: Naming how many entries differ.
    """
    first = stats[0]
    odd = [one for one in stats if not _aligned(one, first)]
    if odd:
        message = f"{len(odd)} of {len(stats)} entries have other examples or another metric"
        raise BadInput([Problem("entries", message, "score them on the same examples")])


def _aligned(one: ExampleStats, other: ExampleStats) -> bool:
    same = one.metric.key == other.metric.key and len(one) == len(other)
    return same and bool((one.example_ids == other.example_ids).all())


def _one_by_one(stats: Sequence[ExampleStats], position: int, resampling: Resampling) -> Floats:
    values = np.empty((resampling.replicates, len(stats)))
    start = 0
    for weights in resampling.blocks(BLOCK):
        stop = start + len(weights)
        for column, one in enumerate(stats):
            values[start:stop, column] = one.reduce(weights)[:, position]
        start = stop
    return values


def _together(
    metric: AdditiveMetric[Any, Any],
    stats: Sequence[ExampleStats],
    position: int,
    resampling: Resampling,
) -> Floats:
    terms = np.stack([metric.terms(one) for one in stats], axis=1).astype(np.float64)
    flat = terms.reshape(len(terms), terms.shape[1] * terms.shape[2])
    values = []
    for weights in resampling.blocks(BLOCK):
        totals = (weights @ flat).reshape(len(weights), *terms.shape[1:])
        total = np.broadcast_to(weights.sum(axis=1)[:, None], totals.shape[:2])
        values.append(metric.finish(totals, total)[..., position])
    return np.concatenate(values)


def _chunks(
    metric: AdditiveMetric[Any, Any],
    stats: Sequence[ExampleStats],
) -> Iterator[Sequence[ExampleStats]]:
    columns = metric.terms(stats[0].take(np.arange(min(1, len(stats[0]))))).shape[1]
    size = max(1, CHUNK_BYTES // (8 * max(1, columns * len(stats[0]))))
    for start in range(0, len(stats), size):
        yield stats[start : start + size]
