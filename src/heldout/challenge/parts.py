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
from heldout.challenge.protocol import class_names
from heldout.evaluation.data import Flags
from heldout.evaluation.report import Report
from heldout.evaluation.scoring import Scoring, score_stats
from heldout.evaluation.stats import ExampleStats


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
    """Score the examples that are kept, from the statistics of all: groups, classes, curves too.

    What needs the predictions themselves (confusion, reliability, pairs) is not in it.

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
    n, metrics = int(keep.sum()), list(protocol.metrics)
    clusters = None if protocol.cluster is None else columns[protocol.cluster]
    resampling = protocol.resampling(n, clusters)
    scores = score_stats([kept[one.key] for one in metrics], metrics, resampling)
    named = class_names(references)
    return protocol.report(
        Scoring(tuple(scores), kept),
        columns,
        classes_of=None if named is None else named.filter(pl.Series(keep)),
        n=n,
    )
