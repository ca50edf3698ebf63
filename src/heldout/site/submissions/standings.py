"""Which submission of each entrant counts, and the ranking that follows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

from heldout.challenge.grammar import parse_final
from heldout.errors import BadInput
from heldout.evaluation.shares import difference_interval
from heldout.ranking.board import Entry, Row, leaderboard
from heldout.site.challenges.models import Phase
from heldout.site.submissions import leaked
from heldout.site.submissions.folders import challenge_folder
from heldout.site.submissions.models import Evaluation, Submission
from heldout.site.submissions.numbers import Results
from heldout.site.submissions.parts import Part, clusters_of, retired_items
from heldout.site.submissions.regimes import regime_of, revision_of

Value = Callable[[Submission], float | None]


class Standing(NamedTuple):
    """A leaderboard with everything in it, to be stored; `public_rows` where others see less."""

    metric: str
    name: str
    higher_is_better: bool
    rows: list[dict[str, Any]]
    public_rows: list[dict[str, Any]] | None


class _Sight(NamedTuple):
    """What one kind of viewer may see of a phase at one moment.

    Attributes:
        value: What ranks.
        part: The examples it is made of.
        told: Nothing but that number may be seen.
        horizon: Submissions from then on are not there.
        both: The numbers of both shares may be seen.
    """

    value: Value
    part: Part
    told: bool
    horizon: datetime | None
    both: bool


def results_of(
    phase: Phase, *, instead: Mapping[str, Evaluation | None] | None = None, **changes: Any
) -> Results:
    """The results of a phase, by the newest revision that has it."""
    folder = revision_of(phase).folder
    given = {"instead": instead or {}, "retired": retired_items(phase)} | changes
    return Results(regime_of(phase), folder, challenge_folder(folder), **given)


def compute(results: Results, *, ranges: bool, now: datetime) -> Standing:
    """Rank what organisers see and, where that is less, what all others see.

    `ranges`: also how far each rank may be off, from the statistics of all entrants.
    """
    primary, everything = results.primary, _everything(results, now)
    public = _public(results, now)
    return Standing(
        primary.spec,
        primary.name,
        primary.higher_is_better,
        _rows(results, everything, ranges=ranges),
        _rows(results, public, ranges=ranges) if public != everything else None,
    )


def counting(
    results: Results, *, everything: bool, now: datetime
) -> tuple[dict[int, Submission], Part]:
    """The submission of each entrant that counts, and the examples it counts by.

    `everything`: for organisers. There is none where nothing but a told number may be seen.
    """
    sight = _everything(results, now) if everything else _public(results, now)
    if sight.told:
        return {}, sight.part
    found = _by_entrant(results, sight)
    return {one: _final(submissions, results, sight) for one, submissions in found}, sight.part


def _everything(results: Results, now: datetime) -> _Sight:
    """Organisers see the live leaderboard; after the end the private share ranks for them too."""
    if results.regime.share and results.regime.over(now):
        return _Sight(results.private_value, Part.PRIVATE, False, None, True)
    return _Sight(results.value, Part.PUBLIC, False, None, bool(results.regime.share))


def _public(results: Results, now: datetime) -> _Sight:
    regime, horizon = results.regime, results.regime.horizon(now)
    if regime.tells(now):
        return _Sight(_told, Part.PUBLIC, True, horizon, False)
    if regime.share and regime.over(now):
        return _Sight(results.private_value, Part.PRIVATE, False, horizon, True)
    return _Sight(results.value, Part.PUBLIC, False, horizon, False)


def _told(submission: Submission) -> float | None:
    told = getattr(submission, "told", None)
    return told.value if told else None


def _rows(results: Results, sight: _Sight, *, ranges: bool) -> list[dict[str, Any]]:
    counts: dict[int, int] = {}
    standing: dict[str, Submission] = {}
    for entrant, submissions in _by_entrant(results, sight):
        counts[entrant] = len(submissions)
        standing[str(entrant)] = _final(submissions, results, sight)
    wanted = ranges and not sight.told
    entries = [_entry(one, results, sight, with_stats=wanted) for one in standing.values()]
    ranked = _rank(results, entries, sight, ranges=wanted)
    clean = None if sight.told else leaked.without(results)
    return [
        _row(row, standing[row.entrant], results, sight, counts)
        | leaked.told(results, clean, standing[row.entrant], sight.part)
        for row in ranked
    ]


def _by_entrant(results: Results, sight: _Sight) -> Iterator[tuple[int, list[Submission]]]:
    scored = results.scored()
    if sight.horizon is not None:
        scored = scored.filter(created_at__lt=sight.horizon)
    for entrant, submissions in groupby(scored, key=lambda one: one.entrant_id):
        yield entrant, list(submissions)


def _final(submissions: list[Submission], results: Results, sight: _Sight) -> Submission:
    """The submission that counts: the latest, or the best of those that may.

    The private share never says which of them may: that are the chosen ones, else the best in public.
    """
    rule = parse_final(results.phase.final)
    if rule.kind == "latest":
        return submissions[-1]
    chosen = [one for one in submissions if one.chosen] if rule.kind == "chosen" else []

    def worth(value: Value, one: Submission) -> float:
        found = value(one)
        return -math.inf if found is None else results.primary.sign * found

    if sight.part == Part.PRIVATE and not chosen:
        # Stable: of equals, who was earlier stays before.
        best_first = sorted(submissions, key=lambda one: -worth(results.value, one))
        chosen = best_first[: rule.keep]
    return max(chosen or submissions, key=partial(worth, sight.value))


def _rank(results: Results, entries: list[Entry], sight: _Sight, *, ranges: bool) -> list[Row]:
    """Rank; where answers have changed between submissions, no ranges of ranks can be told."""
    rank = partial(
        leaderboard, metric=results.primary.metric, name=results.primary.name, seed=results.seed
    )
    if not ranges:
        return rank(entries, replicates=0)
    clusters, keep = clusters_of(results.challenge, results.phase.split), results.keep(sight.part)
    if clusters is not None and keep is not None:
        clusters = clusters[keep]
    try:
        return rank(entries, clusters=clusters)
    except BadInput:
        return rank(entries, replicates=0)


def _entry(submission: Submission, results: Results, sight: _Sight, *, with_stats: bool) -> Entry:
    return Entry(
        entrant=str(submission.entrant_id),
        value=sight.value(submission),
        stats=results.stats(submission, sight.part) if with_stats else None,
        submitted_at=submission.created_at,
    )


def _row(
    row: Row, submission: Submission, results: Results, sight: _Sight, counts: dict[int, int]
) -> dict[str, Any]:
    primary, scores = results.primary, _scores(submission, results, sight)
    score = results.of(scores)
    public, private = results.value(submission), results.private_value(submission)
    return {
        "rank": row.rank,
        "rank_low": row.rank_low,
        "rank_high": row.rank_high,
        "entrant": submission.entrant.name,
        "entrant_id": submission.entrant_id,
        "metric": primary.spec,
        "name": primary.name,
        "value": score.get("value"),
        "low": score.get("low"),
        "high": score.get("high"),
        "n": score.get("n", 0),
        "level_with_first": row.level_with_first,
        "groups": row.groups,
        "submissions": counts[submission.entrant_id],
        "budget": results.phase.in_total,
        "public": public if sight.both else None,
        "private": private if sight.both else None,
        **(_gap(submission, results) if sight.both else {}),
        "submitted_at": submission.created_at.isoformat(),
        "baseline": submission.entrant.baseline,
        "scores": [{name: one[name] for name in _SHOWN} for one in scores],
    }


def _gap(submission: Submission, results: Results) -> dict[str, float]:
    """The shares have no example in common, nor a cluster of them."""
    private = _limits(results.of(results.private_scores(submission)))
    public = _limits(results.of(results.scores(submission)))
    if private is None or public is None:
        return {}
    low, high = difference_interval(private, public)
    return {"gap_low": low, "gap_high": high}


def _limits(score: dict[str, Any]) -> tuple[float, float, float] | None:
    value, low, high = (score.get(name) for name in ("value", "low", "high"))
    return None if value is None or low is None or high is None else (value, low, high)


_SHOWN = ("metric", "name", "value", "low", "high")


def _scores(submission: Submission, results: Results, sight: _Sight) -> list[dict[str, Any]]:
    if sight.part == Part.PRIVATE:
        return results.private_scores(submission)
    scores = results.scores(submission)
    if not sight.told:
        return scores
    nothing = {"low": None, "high": None}
    return [{**results.of(scores), **nothing, "value": sight.value(submission)}]
