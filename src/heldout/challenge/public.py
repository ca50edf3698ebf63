"""How far the scores on the examples that were scored in public are from those on the rest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import msgspec
import numpy as np
import polars as pl

from heldout.challenge.protocol import Evaluation
from heldout.errors import BadInput, Problem
from heldout.evaluation.reading.faults import Faults
from heldout.evaluation.reading.rows import read_ids
from heldout.evaluation.reading.table import read_table
from heldout.evaluation.registry import AnyMetric
from heldout.evaluation.scoring import REPLICATES
from heldout.evaluation.shares import ShareGap, share_gap
from heldout.evaluation.stats import ExampleStats
from heldout.statistics.weights import Resampling


def read_public(path: Path, *, id_column: str) -> frozenset[str]:
    """Read the ids of the examples that are scored in public: a table with their column.

    Raises:
        BadInput: With every problem.
    """
    table = read_table(path)
    faults = Faults.of(table)
    if id_column not in table.frame.columns:
        faults.file(f'there is no column "{id_column}"', "name the public examples in it")
        faults.refuse_if_any()
    ids = read_ids(table, faults, id_column)
    faults.refuse_if_any()
    return frozenset(ids.to_list())


def with_public(
    evaluation: Evaluation, public: frozenset[str], *, place: str, replicates: int = REPLICATES
) -> Evaluation:
    """Return an evaluation whose report says the gap between the public share and the rest too.

    Raises:
        BadInput: An id is not that of an example, or all examples are on one side.
    """
    stats = list(evaluation.stats.values())
    ids = stats[0].example_ids
    strange = sorted(public - set(ids.to_list()))
    if strange:
        named = ", ".join(f'"{one}"' for one in strange[:3]) + (" …" if len(strange) > 3 else "")
        message = f"{len(strange):,} of its ids are not those of examples: {named}"
        raise BadInput([Problem(place, message, "give the public examples of this split")])
    flags = ids.is_in(pl.Series(sorted(public), dtype=pl.String).implode()).to_numpy()
    if flags.all() or not flags.any():
        message = "all examples are on one side, so there is no gap"
        raise BadInput([Problem(place, message, "name some of the examples")])
    clusters = None if evaluation.clusters is None else evaluation.clusters.to_numpy()
    resampling = Resampling(
        len(ids), seed=evaluation.seed, replicates=max(2, replicates), clusters=clusters
    )
    gaps = tuple(gap for one in stats for gap in _gaps(one, flags, resampling))
    report = msgspec.structs.replace(evaluation.report, share_gaps=gaps)
    return replace(evaluation, report=report)


def _gaps(
    stats: ExampleStats, public: np.ndarray[tuple[int], np.dtype[np.bool_]], resampling: Resampling
) -> list[ShareGap]:
    numbers = cast(AnyMetric, stats.metric).numbers
    return [
        share_gap(
            stats,
            public,
            name=number.name,
            higher_is_better=number.higher_is_better,
            resampling=resampling,
        )
        for number in numbers[:1]
    ]
