"""Which submission of each entrant counts, and the ranking that follows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from heldout.challenge.grammar import parse_final
from heldout.errors import BadInput
from heldout.evaluation.shares import difference_interval
from heldout.ranking.board import Entry, Row, leaderboard
from heldout.site.challenges.models import Phase
from heldout.site.submissions import leaked
from heldout.site.submissions.folders import challenge_folder
from heldout.site.submissions.models import Evaluation, Submission
from heldout.site.submissions.numbers import Outcome, Results
from heldout.site.submissions.parts import Part, clusters_of, retired_items
from heldout.site.submissions.regimes import regime_of, revision_of

Value = Callable[[Outcome], float | None]
PUBLIC: Value = attrgetter("public")
PRIVATE: Value = attrgetter("private")
TOLD: Value = attrgetter("told")


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
    found = {one.outcome.entrant: one.submission for one in _finals(results, sight)}
    return found, sight.part


def _everything(results: Results, now: datetime) -> _Sight:
    """Organisers see the live leaderboard; after the end the private share ranks for them too."""
    if results.regime.share and results.regime.over(now):
        return _Sight(PRIVATE, Part.PRIVATE, False, None, True)
    return _Sight(PUBLIC, Part.PUBLIC, False, None, bool(results.regime.share))


def _public(results: Results, now: datetime) -> _Sight:
    regime, horizon = results.regime, results.regime.horizon(now)
    if regime.tells(now):
        return _Sight(TOLD, Part.PUBLIC, True, horizon, False)
    if regime.share and regime.over(now):
        return _Sight(PRIVATE, Part.PRIVATE, False, horizon, True)
    return _Sight(PUBLIC, Part.PUBLIC, False, horizon, False)


# What a row is made of.
_READ = (
    "entrant__name",
    "entrant__baseline",
    "created_at",
    "evaluation__private",
    "evaluation__stats",
)


class _Final(NamedTuple):
    """The submission of an entrant that counts, and how many were evaluated."""

    submission: Submission
    outcome: Outcome
    evaluated: int


def _finals(results: Results, sight: _Sight) -> list[_Final]:
    """One for each entrant. Only what counts is read whole: there may be a hundred times as many."""
    outcomes = groupby(results.outcomes(before=sight.horizon), key=attrgetter("entrant"))
    found = [(_final(of_one, results, sight), len(of_one)) for _, (*of_one,) in outcomes]
    withdrawn = results.withdrawn(before=sight.horizon)
    shown = results.scored().only(*_READ)
    read = shown.in_bulk([outcome.submission for outcome, _ in found])
    # What was withdrawn between the two looks is not there: that withdrawal has the board made anew.
    return [
        _Final(read[outcome.submission], outcome, count + withdrawn.get(outcome.entrant, 0))
        for outcome, count in found
        if outcome.submission in read
    ]


def _rows(results: Results, sight: _Sight, *, ranges: bool) -> list[dict[str, Any]]:
    finals = {str(one.outcome.entrant): one for one in _finals(results, sight)}
    wanted = ranges and not sight.told
    entries = [_entry(one, results, sight, with_stats=wanted) for one in finals.values()]
    ranked = _rank(results, entries, sight, ranges=wanted)
    clean = None if sight.told else leaked.without(results)
    return [
        _row(row, finals[row.entrant], results, sight)
        | leaked.told(results, clean, finals[row.entrant].submission, sight.part)
        for row in ranked
    ]


def _final(outcomes: list[Outcome], results: Results, sight: _Sight) -> Outcome:
    """The submission that counts: the latest, or the best of those that may.

    The private share never says which of them may: that are the chosen ones, else the best in public.
    """
    rule = parse_final(results.phase.final)
    if rule.kind == "latest":
        return outcomes[-1]
    chosen = [one for one in outcomes if one.chosen] if rule.kind == "chosen" else []

    def worth(value: Value, one: Outcome) -> float:
        found = value(one)
        return -math.inf if found is None else results.primary.sign * found

    if sight.part == Part.PRIVATE and not chosen:
        # Stable: of equals, who was earlier stays before.
        best_first = sorted(outcomes, key=lambda one: -worth(PUBLIC, one))
        chosen = best_first[: rule.keep]
    return max(chosen or outcomes, key=partial(worth, sight.value))


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


def _entry(final: _Final, results: Results, sight: _Sight, *, with_stats: bool) -> Entry:
    return Entry(
        entrant=str(final.outcome.entrant),
        value=sight.value(final.outcome),
        stats=results.stats(final.submission, sight.part) if with_stats else None,
        submitted_at=final.submission.created_at,
    )


def _row(row: Row, final: _Final, results: Results, sight: _Sight) -> dict[str, Any]:
    submission, outcome = final.submission, final.outcome
    primary, scores = results.primary, _scores(final, results, sight)
    score = results.of(scores)
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
        "submissions": final.evaluated,
        "budget": results.phase.in_total,
        "public": outcome.public if sight.both else None,
        "private": outcome.private if sight.both else None,
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


def _scores(final: _Final, results: Results, sight: _Sight) -> list[dict[str, Any]]:
    if sight.part == Part.PRIVATE:
        return results.private_scores(final.submission)
    scores = results.scores(final.submission)
    if not sight.told:
        return scores
    nothing = {"low": None, "high": None}
    return [{**results.of(scores), **nothing, "value": sight.value(final.outcome)}]
