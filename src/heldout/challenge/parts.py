"""Scores of a part of the examples: the public share, the private rest, all but retired ones."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from heldout.challenge.columns import example_columns
from heldout.challenge.definition import Phase
from heldout.challenge.evaluate import phase_protocol, read_answers
from heldout.challenge.folder import Challenge
from heldout.challenge.protocol import Protocol
from heldout.evaluation.data import Flags, LabelReferences, References
from heldout.evaluation.metric import Method
from heldout.evaluation.report import Report
from heldout.evaluation.scoring import score_stats
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.subgroups import SubgroupScore, disaggregate
from heldout.statistics.weights import Resampling


def public_examples(units: ArrayLike, *, share: float, seed: int) -> Flags:
    """Draw the examples that are scored in public.

    Args:
        units: One value per example: its cluster, or its id. Examples with one value stay together.
        share: Which part of the units is public; at least one is on either side.
        seed: Who knows it knows the public examples.

    Returns:
        (n,), True for a public example.
    """
    names, unit_of = np.unique(np.asarray(units).astype(str), return_inverse=True)
    order = np.argsort([_digest(seed, name) for name in names])
    public = np.zeros(len(names), dtype=bool)
    public[order[: min(max(round(share * len(names)), 1), len(names) - 1)]] = True
    found: Flags = public[unit_of]
    return found


def _digest(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()


def report_part(
    challenge: Challenge, phase: Phase, *, stats: Mapping[str, ExampleStats], keep: Flags
) -> Report:
    """Score the examples that are kept, from the statistics of all.

    Args:
        challenge: Which the statistics were made by.
        phase: Which says how.
        stats: By metric key, of every example of the phase's split.
        keep: (n,), one flag per example.
    """
    protocol = phase_protocol(challenge, phase)
    references = read_answers(challenge, phase.split)
    columns = example_columns(challenge, phase.split, references).filter(pl.Series(keep))
    kept = {metric.key: stats[metric.key].take(keep) for metric in protocol.metrics}
    clusters = None if protocol.cluster is None else columns[protocol.cluster]
    resampling = Resampling(
        int(keep.sum()),
        seed=protocol.seed,
        replicates=protocol.replicates,
        clusters=None if clusters is None else clusters.to_numpy(),
    )
    metrics = list(protocol.metrics)
    return Report(
        n=int(keep.sum()),
        scores=tuple(score_stats([kept[one.key] for one in metrics], metrics, resampling)),
        subgroups=_disaggregate(protocol, kept, columns, clusters, protocol.subgroups),
        per_class=_by_class(protocol, kept, references, keep, clusters),
    )


def _by_class(
    protocol: Protocol,
    kept: Mapping[str, ExampleStats],
    references: References,
    keep: Flags,
    clusters: pl.Series | None,
) -> tuple[SubgroupScore, ...]:
    if not protocol.per_class or not isinstance(references, LabelReferences):
        return ()
    named = pl.Series("class", references.names, dtype=pl.String).gather(references.labels[keep])
    shares = {
        metric.key: kept[metric.key]
        for metric in protocol.metrics
        if metric.interval is Method.WILSON
    }
    return _disaggregate(protocol, shares, named.to_frame(), clusters, [("class",)])


def _disaggregate(
    protocol: Protocol,
    kept: Mapping[str, ExampleStats],
    columns: pl.DataFrame,
    clusters: pl.Series | None,
    by: object,
) -> tuple[SubgroupScore, ...]:
    return tuple(
        group
        for metric in protocol.metrics
        if metric.key in kept
        for group in disaggregate(
            kept[metric.key],
            columns,
            metric=metric,
            by=by,  # type: ignore[arg-type]
            smallest_group=protocol.smallest_group,
            protect=protocol.protect,
            seed=protocol.seed,
            replicates=protocol.replicates,
            clusters=clusters,
        )
    )
