"""Scores without some examples, from the statistics of an evaluation: nothing is scored again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import cast

import msgspec
import polars as pl

from heldout.challenge.protocol import Evaluation
from heldout.errors import BadInput, Problem
from heldout.evaluation.registry import AnyMetric
from heldout.evaluation.scoring import REPLICATES, Score, score_stats
from heldout.statistics.weights import Resampling


def score_without(
    evaluation: Evaluation, leaked: Collection[str], *, replicates: int = REPLICATES
) -> tuple[Score, ...]:
    """Return all scores with the named examples at weight 0; each says of how many examples it is.

    Args:
        evaluation: As `evaluate` returns it or `load_evaluation` reads it.
        leaked: Ids of examples; unknown ones, such as those of another phase, change nothing.
        replicates: Number of resamples of the intervals.

    Raises:
        BadInput: No example would be left.
    """
    stats = list(evaluation.stats.values())
    names = pl.Series(sorted(leaked), dtype=pl.String).implode()
    keep = ~stats[0].example_ids.is_in(names).to_numpy()
    if not keep.any():
        raise BadInput([Problem("leaks", "all test examples are in the list: none would be left")])
    clusters = None if evaluation.clusters is None else evaluation.clusters.to_numpy()[keep]
    resampling = Resampling(
        int(keep.sum()), seed=evaluation.seed, replicates=replicates, clusters=clusters
    )
    kept = [one.take(keep) for one in stats]
    metrics = [cast(AnyMetric, one.metric) for one in kept]
    return tuple(score_stats(kept, metrics, resampling))


def with_leaks(
    evaluation: Evaluation, leaked: Collection[str], *, replicates: int = REPLICATES
) -> Evaluation:
    """Return an evaluation whose report says its scores without leaked examples too."""
    found = score_without(evaluation, leaked, replicates=replicates)
    report = msgspec.structs.replace(evaluation.report, without_leaks=found)
    return replace(evaluation, report=report)
