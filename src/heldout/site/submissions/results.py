"""What a viewer may see of submissions and their results."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from heldout.site.challenges.models import Challenge, Phase, Reveal
from heldout.site.challenges.services import Viewer, require
from heldout.site.submissions.models import Score, Status, Submission


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


@dataclass(frozen=True, slots=True)
class SubmissionView:
    """A submission as one viewer may see it: what the phase does not reveal is empty.

    `subgroups` and `per_class` are rows of the report. `hides` names what exists but is not shown.
    """

    submission: Submission
    status: Status
    scores: tuple[ScoreView, ...]
    subgroups: tuple[dict[str, Any], ...]
    per_class: tuple[dict[str, Any], ...]
    problems: tuple[dict[str, str], ...]
    hides: tuple[Reveal, ...]
    complete: bool


def submission_detail(*, submission: Submission, viewer: Viewer) -> SubmissionView:
    """One submission with its result.

    Raises:
        PermissionDenied: The viewer neither made it (or is of its team) nor organises the challenge.
    """
    require(viewer, "submissions.view", submission)
    complete = viewer.has_perm("challenges.review", submission.phase.challenge)
    return _view(submission, complete=complete)


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
    complete = viewer.has_perm("challenges.review", challenge)
    found: dict[str, ScoreView] = {}
    for one in submissions:
        shown = {what for what in Reveal if complete or one.phase.reveals(what)}
        scores = _scores(one, shown) if one.status == Status.SCORED else ()
        for score in scores:
            if (score.metric, score.name) == of:
                found[one.pk] = score
    return found


def _view(submission: Submission, *, complete: bool) -> SubmissionView:
    shown = {what for what in Reveal if complete or submission.phase.reveals(what)}
    evaluation = submission.evaluation
    scored = evaluation is not None and submission.status == Status.SCORED
    report = evaluation.report if evaluation and scored else {}
    per_class = Reveal.SCORE in shown and Reveal.PER_CLASS in shown
    subgroups = Reveal.SCORE in shown and Reveal.SUBGROUPS in shown
    return SubmissionView(
        submission=submission,
        status=Status(submission.status),
        scores=_scores(submission, shown) if scored else (),
        subgroups=_rows(report, "subgroups", shown) if subgroups else (),
        per_class=_rows(report, "per_class", shown) if per_class else (),
        problems=tuple(submission.problems),
        hides=tuple(what for what in Reveal if what not in shown) if scored else (),
        complete=complete,
    )


def _scores(submission: Submission, shown: set[Reveal]) -> tuple[ScoreView, ...]:
    if Reveal.SCORE not in shown or submission.evaluation is None:
        return ()
    interval = Reveal.INTERVAL in shown
    return tuple(_score(row, interval=interval) for row in submission.evaluation.scores.all())


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


def _rows(report: dict[str, Any], key: str, shown: set[Reveal]) -> tuple[dict[str, Any], ...]:
    if Reveal.INTERVAL in shown:
        return tuple(report.get(key, ()))
    hidden = {"low": None, "high": None}
    return tuple({**row, **hidden} for row in report.get(key, ()))
