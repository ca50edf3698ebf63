"""What a viewer may see of submissions and their results."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.utils import timezone

from heldout.evaluation.report import Report
from heldout.site.challenges.models import Challenge, Phase, Reveal
from heldout.site.challenges.services import Viewer, require
from heldout.site.submissions.folders import challenge_folder
from heldout.site.submissions.models import Evaluation, Score, Status, Submission, Told
from heldout.site.submissions.numbers import primary_of
from heldout.site.submissions.regimes import Regime, regime_of
from heldout.site.submissions.revealing import revealed


@dataclass(frozen=True, slots=True)
class ScoreView:
    metric: str
    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    seed: int
    version: str
    method: str
    reason: str


class Past(NamedTuple):
    """One result of a submission, whether it counts or not."""

    at: datetime
    revision: int
    version: str
    counts: bool
    rejudging: int | None
    scores: tuple[ScoreView, ...]


@dataclass(frozen=True, slots=True)
class SubmissionView:
    """A submission as one viewer may see it: what the phase does not reveal is empty.

    `subgroups` and `per_class` are rows of the report, `report` is everything else. `hides` names what exists but is not shown.
    """

    submission: Submission
    status: Status
    scores: tuple[ScoreView, ...]
    subgroups: tuple[dict[str, Any], ...]
    per_class: tuple[dict[str, Any], ...]
    problems: tuple[dict[str, str], ...]
    hides: tuple[Reveal, ...]
    complete: bool
    report: Report
    # The scores of the private share, once they may be seen.
    private: tuple[ScoreView, ...] = ()
    # What stands between the score and what is told of it.
    guard: str = ""
    # From when the scores are told.
    told_from: datetime | None = None
    # Every result there is of it, the latest first; for organisers.
    history: tuple[Past, ...] = ()


def submission_detail(
    *, submission: Submission, viewer: Viewer, now: datetime | None = None
) -> SubmissionView:
    """One submission with its result.

    Raises:
        PermissionDenied: The viewer neither made it (or is of its team) nor organises the challenge.
    """
    require(viewer, "submissions.view", submission)
    complete = viewer.has_perm("challenges.review", submission.phase.challenge)
    return _view(submission, complete=complete, now=now or timezone.now())


def received(submission: Submission) -> SubmissionView:
    """What its maker is told of one that has no result yet; call it for the maker alone."""
    return _view(submission, complete=False, now=submission.created_at)


def submissions_of(
    *, challenge: Challenge, viewer: Viewer, phase: Phase | None = None
) -> QuerySet[Submission]:
    """The submissions of the viewer's own entrant, the newest first."""
    if not viewer.is_authenticated:
        return Submission.objects.none()
    mine = _submissions(challenge, phase)
    return mine.filter(entrant__members__user=viewer)


def all_submissions(
    *, challenge: Challenge, viewer: Viewer, phase: Phase | None = None
) -> QuerySet[Submission]:
    """Everybody's submissions, for organisers."""
    require(viewer, "challenges.review", challenge)
    return _submissions(challenge, phase)


def _submissions(challenge: Challenge, phase: Phase | None) -> QuerySet[Submission]:
    found = Submission.objects.filter(phase__challenge=challenge).select_related(
        "phase", "phase__challenge", "entrant", "by", "evaluation"
    )
    return found.filter(phase=phase) if phase else found


def listed_scores(
    submissions: Iterable[Submission], *, challenge: Challenge, viewer: Viewer, of: tuple[str, str]
) -> dict[str, ScoreView]:
    """The one number a list shows of each, as far as its phase reveals it, by submission.

    `submissions` come from one of the two functions above, so the viewer may see them; `of` is the
    number's metric and name.
    """
    complete, now = viewer.has_perm("challenges.review", challenge), timezone.now()
    found: dict[str, ScoreView] = {}
    regimes: dict[int, Regime] = {}
    for one in submissions:
        regime = regimes.setdefault(one.phase_id, regime_of(one.phase))
        for score in _allowed(one, regime, complete=complete, now=now).scores:
            if (score.metric, score.name) == of:
                found[one.pk] = score
    return found


class _Allowed(NamedTuple):
    """What may leave of one result. Whatever is made of a result asks here first."""

    what: frozenset[Reveal]
    scores: tuple[ScoreView, ...] = ()
    private: tuple[ScoreView, ...] = ()
    guard: str = ""
    told_from: datetime | None = None


def _allowed(submission: Submission, regime: Regime, *, complete: bool, now: datetime) -> _Allowed:
    evaluation = submission.evaluation
    if evaluation is None or submission.status != Status.SCORED:
        return _Allowed(frozenset())
    what = frozenset(one for one in Reveal if complete or submission.phase.reveals(one))
    if Reveal.SCORE not in what:
        return _Allowed(frozenset())
    if not complete:
        withheld = regime.withheld_from(now)
        if withheld is not None and submission.created_at >= withheld:
            return _Allowed(frozenset(), guard="delayed", told_from=regime.next_change(now))
        if regime.tells(now):
            told = _told_score(submission, evaluation)
            return _Allowed(frozenset([Reveal.SCORE]), told, guard=regime.guard.kind)
    private = complete or regime.over(now)
    return _Allowed(what, _scores(evaluation, what), _private(evaluation, what) if private else ())


def _told_score(submission: Submission, evaluation: Evaluation) -> tuple[ScoreView, ...]:
    """The one number that was told of it, and nothing that was made with it."""
    told = Told.objects.filter(submission=submission).first()
    if told is None:
        return ()
    primary = primary_of(challenge_folder(evaluation.revision.folder))
    rows = evaluation.scores.filter(metric=primary.spec, name=primary.name)
    return tuple(replace(_score(row, interval=False), value=told.value, reason="") for row in rows)


def _view(submission: Submission, *, complete: bool, now: datetime) -> SubmissionView:
    scored = submission.status == Status.SCORED
    allowed = _allowed(submission, regime_of(submission.phase), complete=complete, now=now)
    report = submission.evaluation.report if submission.evaluation else {}
    shown = allowed.what
    return SubmissionView(
        submission=submission,
        status=Status(submission.status),
        scores=allowed.scores,
        subgroups=_rows(report, "subgroups", shown) if Reveal.SUBGROUPS in shown else (),
        per_class=_rows(report, "per_class", shown) if Reveal.PER_CLASS in shown else (),
        problems=_problems(submission),
        hides=tuple(what for what in Reveal if what not in shown) if scored else (),
        complete=complete,
        private=allowed.private,
        guard=allowed.guard,
        told_from=allowed.told_from,
        report=revealed(report, shown, complete=complete),
        history=_history(submission) if complete else (),
    )


def _problems(submission: Submission) -> tuple[dict[str, str], ...]:
    """The file was read under a name that tells its format alone; its entrant knows its own."""
    read_as = f"predictions{PurePath(submission.filename).suffix.lower()}"
    return tuple(
        one | {"place": submission.filename} if one["place"] == read_as else one
        for one in submission.problems
    )


def _history(submission: Submission) -> tuple[Past, ...]:
    found = submission.evaluations.select_related("revision").prefetch_related("scores")
    return tuple(
        Past(
            one.created_at,
            one.revision.number,
            one.version,
            one.pk == submission.evaluation_id,
            one.rejudging_id,
            _scores(one, frozenset(Reveal)),
        )
        for one in found.order_by("-id")
    )


def _scores(evaluation: Evaluation, shown: frozenset[Reveal]) -> tuple[ScoreView, ...]:
    interval = Reveal.INTERVAL in shown
    return tuple(_score(row, interval=interval) for row in evaluation.scores.all())


def _private(evaluation: Evaluation, shown: frozenset[Reveal]) -> tuple[ScoreView, ...]:
    rows = evaluation.private["scores"] if evaluation.private else []
    interval = Reveal.INTERVAL in shown
    return tuple(_score(Score(**row), interval=interval) for row in rows)


def _score(row: Score, *, interval: bool) -> ScoreView:
    return ScoreView(
        metric=row.metric,
        name=row.name,
        value=row.value,
        low=row.low if interval else None,
        high=row.high if interval else None,
        n=row.n,
        seed=row.seed,
        version=row.version,
        method=row.method if interval else "",
        reason=row.reason,
    )


def _rows(report: dict[str, Any], key: str, shown: frozenset[Reveal]) -> tuple[dict[str, Any], ...]:
    if Reveal.INTERVAL in shown:
        return tuple(report.get(key, ()))
    hidden = {"low": None, "high": None}
    return tuple({**row, **hidden} for row in report.get(key, ()))
