"""Two entrants of a leaderboard against each other, on the same examples."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.core.cache import cache

from heldout.errors import BadInput
from heldout.evaluation.data import AnyArray
from heldout.evaluation.metric import AdditiveMetric
from heldout.evaluation.stats import ExampleStats
from heldout.ranking.comparison import PairedTest, compare
from heldout.ranking.matrix import Pair, win_matrix
from heldout.site.challenges.models import Phase
from heldout.site.challenges.services import Viewer
from heldout.site.submissions import boards
from heldout.site.submissions.boards import BoardRow, BoardView
from heldout.site.submissions.models import Submission
from heldout.site.submissions.numbers import Results
from heldout.site.submissions.parts import Part, clusters_of
from heldout.site.submissions.standings import counting, results_of

MOST_IN_MATRIX = 12
REPLICATES = 1000
FEW_REPLICATES = 200  # Where a resample is no sum: a reader waits for it.
_KEEP_SECONDS = 24 * 3600
_LOCK_SECONDS = 60


@dataclass(frozen=True)
class Comparison:
    """`pairs` are all pairs of the first entrants and these two, adjusted for how many they are."""

    test: PairedTest
    pair: Pair | None
    pairs: tuple[Pair, ...]
    names: tuple[str, ...]


class Busy(Exception):
    """Another comparison is being made; one at a time is enough for a process that serves pages."""


def comparable(view: BoardView) -> tuple[BoardRow, ...]:
    """The entrants a viewer may compare: none where scores or intervals are kept back."""
    if view.hidden or not view.shows_intervals or view.guard:
        return ()
    return tuple(row for row in view.rows if row.value is not None)


def compare_entrants(
    *, phase: Phase, viewer: Viewer, first: int, second: int, now: datetime
) -> Comparison | None:
    """The difference of two entrants by the number that ranks; None where nothing can be compared.

    Raises:
        PermissionDenied: The phase does not show its leaderboard to this viewer.
        Busy: Ask again in a moment.
    """
    view = boards.leaderboard(phase=phase, viewer=viewer, now=now)
    rows = {row.entrant_id: row for row in comparable(view)}
    if first == second or not {first, second} <= rows.keys():
        return None
    chosen = dict.fromkeys([first, second, *list(rows)[:MOST_IN_MATRIX]])
    key = f"comparison:{view.etag}:{first}:{second}"
    found: Comparison | None = cache.get(key)
    if found is None:
        everything = boards.state(phase=phase, viewer=viewer).everything
        found = _alone(phase, [rows[one] for one in chosen], everything=everything, now=now)
        cache.set(key, found, _KEEP_SECONDS)
    return found


def _alone(
    phase: Phase, rows: list[BoardRow], *, everything: bool, now: datetime
) -> Comparison | None:
    """Compare, unless this process is at it already."""
    if not cache.add("comparing", True, _LOCK_SECONDS):
        raise Busy
    try:
        return _compare(phase, rows, everything=everything, now=now)
    finally:
        cache.delete("comparing")


def _compare(
    phase: Phase, rows: list[BoardRow], *, everything: bool, now: datetime
) -> Comparison | None:
    results = results_of(phase)
    submissions, part = counting(results, everything=everything, now=now)
    additive = isinstance(results.primary.metric, AdditiveMetric)
    wanted = rows if additive else rows[:2]
    named = [
        (row.entrant, found)
        for row in wanted
        if (found := _stats(results, submissions.get(row.entrant_id), part)) is not None
    ]
    if [name for name, _ in named[:2]] != [row.entrant for row in rows[:2]]:
        return None
    options = {
        "name": results.primary.name,
        "seed": results.seed,
        "replicates": REPLICATES if additive else FEW_REPLICATES,
        "clusters": _clusters(results, part),
    }
    try:
        test = compare(named[0][1], named[1][1], **options)  # type: ignore[arg-type]
        pairs = win_matrix(named, **options)  # type: ignore[arg-type]
    except BadInput:  # Answers have changed between the two.
        return None
    names = [row.entrant for row in sorted(wanted, key=lambda row: row.rank or 0)]
    return Comparison(test, pairs[0] if len(named) > 2 else None, tuple(pairs), tuple(names))


def _stats(results: Results, submission: Submission | None, part: Part) -> ExampleStats | None:
    return None if submission is None else results.stats(submission, part)


def _clusters(results: Results, part: Part) -> AnyArray | None:
    clusters, keep = clusters_of(results.challenge, results.phase.split), results.keep(part)
    return clusters if clusters is None or keep is None else np.asarray(clusters)[keep]
