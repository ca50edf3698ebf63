"""Which submission of each entrant counts, and the ranking that follows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

from django.db.models import Count

from heldout.challenge.columns import example_columns
from heldout.challenge.evaluate import phase_seed, read_answers
from heldout.challenge.folder import Challenge
from heldout.errors import BadInput
from heldout.evaluation.data import AnyArray
from heldout.evaluation.registry import AnyMetric
from heldout.evaluation.stats import ExampleStats
from heldout.ranking.board import Entry, Row, leaderboard
from heldout.site.challenges.models import Phase, Revision
from heldout.site.submissions import stats
from heldout.site.submissions.folders import challenge_folder
from heldout.site.submissions.models import Score, Status, Submission
from heldout.site.submissions.storage import DamagedFile


class Standing(NamedTuple):
    """A leaderboard with everything in it, to be stored."""

    metric: str
    name: str
    higher_is_better: bool
    rows: list[dict[str, Any]]


class _Primary(NamedTuple):
    spec: str
    name: str
    higher_is_better: bool


def compute(phase: Phase, *, ranges: bool) -> Standing:
    """Rank by the definition of the current revision, a retired phase by the last that had it.

    `ranges`: also how far each rank may be off, from the statistics of all entrants.
    """
    folder = challenge_folder(_revision(phase).folder)
    primary, metric = _primary(folder)
    standing = {str(one.entrant_id): one for one in _standing(phase, primary)}
    entries = [_entry(one, primary, with_stats=ranges) for one in standing.values()]
    ranked = _rank(phase, folder, metric, entries, ranges=ranges)
    counts = _counts(phase)
    rows = [_row(row, standing[row.entrant], primary, counts) for row in ranked]
    return Standing(*primary, rows)


def _revision(phase: Phase) -> Revision:
    has_it = (
        one
        for one in phase.challenge.revisions.all()
        if any(each["id"] == phase.key for each in one.definition["phases"])
    )
    return next(has_it)


def _primary(folder: Challenge) -> tuple[_Primary, AnyMetric]:
    spec, name = folder.definition.primary
    metric = next(one for one in folder.metrics if one.key == spec)
    number = next(one for one in metric.numbers if name in (None, one.name))
    return _Primary(spec, number.name, number.higher_is_better), metric


def _rank(
    phase: Phase, folder: Challenge, metric: AnyMetric, entries: list[Entry], *, ranges: bool
) -> list[Row]:
    """Rank; where answers have changed between submissions, no ranges of ranks can be told."""
    definition = folder.phase(phase.key)
    rank = partial(
        leaderboard,
        metric=metric,
        name=folder.definition.primary.name,
        seed=phase_seed(folder, definition),
    )
    if not ranges:
        return rank(entries, replicates=0)
    try:
        return rank(entries, clusters=_clusters(folder, definition.split))
    except BadInput:
        return rank(entries, replicates=0)


def _clusters(folder: Challenge, split: str) -> AnyArray | None:
    column = folder.definition.data.cluster
    if column is None:
        return None
    return example_columns(folder, split, read_answers(folder, split))[column].to_numpy()


def _standing(phase: Phase, primary: _Primary) -> Iterator[Submission]:
    """One submission of each entrant: the latest, or the best by the primary metric."""
    scored = (
        Submission.objects.filter(phase=phase, status=Status.SCORED)
        .select_related("entrant", "evaluation")
        .prefetch_related("evaluation__scores")
        .order_by("entrant_id", "created_at", "id")
    )
    for _, of_one in groupby(scored, key=lambda one: one.entrant_id):
        submissions = list(of_one)
        if phase.final == "latest":
            yield submissions[-1]
        else:  # The first of equals: who was earlier stays before.
            yield max(submissions, key=lambda one: _worth(one, primary))


def _worth(submission: Submission, primary: _Primary) -> float:
    score = _primary_score(submission, primary)
    if score is None or score.value is None:
        return -math.inf
    return score.value if primary.higher_is_better else -score.value


def _scores(submission: Submission) -> list[Score]:
    return list(submission.evaluation.scores.all()) if submission.evaluation else []


def _primary_score(submission: Submission, primary: _Primary) -> Score | None:
    wanted = (primary.spec, primary.name)
    return next((one for one in _scores(submission) if (one.metric, one.name) == wanted), None)


def _entry(submission: Submission, primary: _Primary, *, with_stats: bool) -> Entry:
    score = _primary_score(submission, primary)
    return Entry(
        entrant=str(submission.entrant_id),
        value=score.value if score else None,
        stats=_stats(submission, primary.spec) if with_stats else None,
        submitted_at=submission.created_at,
    )


def _stats(submission: Submission, metric: str) -> ExampleStats | None:
    """The statistics, or None where they are damaged or another version of the metric made them."""
    stored = submission.evaluation.stats.get(metric) if submission.evaluation else None
    if stored is None:
        return None
    try:
        return stats.read(stored)
    except (BadInput, OSError, DamagedFile):
        return None


def _counts(phase: Phase) -> dict[int, int]:
    scored = Submission.objects.filter(phase=phase, status=Status.SCORED).order_by()
    return dict(scored.values_list("entrant").annotate(Count("id")))


def _row(
    row: Row, submission: Submission, primary: _Primary, counts: dict[int, int]
) -> dict[str, Any]:
    score = _primary_score(submission, primary)
    return {
        "rank": row.rank,
        "rank_low": row.rank_low,
        "rank_high": row.rank_high,
        "entrant": submission.entrant.name,
        "entrant_id": submission.entrant_id,
        "metric": primary.spec,
        "name": primary.name,
        "value": score.value if score else None,
        "low": score.low if score else None,
        "high": score.high if score else None,
        "n": score.n if score else 0,
        "level_with_first": row.level_with_first,
        "submissions": counts[submission.entrant_id],
        "submitted_at": submission.created_at.isoformat(),
        "baseline": submission.entrant.baseline,
        "scores": [_plain(one) for one in _scores(submission)],
    }


def _plain(score: Score) -> dict[str, Any]:
    fields = ("metric", "name", "value", "low", "high")
    return {field: getattr(score, field) for field in fields}
