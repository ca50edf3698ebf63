"""The evaluation report of a submission as one file, and the reports that stand with the data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime

import msgspec
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from heldout.cards.evaluation_report import render
from heldout.decoding import convert
from heldout.evaluation.report import Report
from heldout.evaluation.scoring import Score
from heldout.evaluation.subgroups import SubgroupScore
from heldout.site.catalog.documents import Report as Listed
from heldout.site.catalog.models import DataSet
from heldout.site.challenges.frames import phase_title
from heldout.site.challenges.models import Phase
from heldout.site.challenges.services import Viewer
from heldout.site.submissions.boards import BoardRow, leaderboard
from heldout.site.submissions.models import Submission
from heldout.site.submissions.results import SubmissionView, submission_detail

MOST = 10  # Of a phase, on the page of the data's documents.


def standing(submission: Submission, viewer: Viewer) -> BoardRow | None:
    """What the leaderboard tells this viewer of a submission that counts on it."""
    try:
        rows = leaderboard(phase=submission.phase, viewer=viewer).rows
    except PermissionDenied:
        return None
    here = (submission.entrant_id, submission.created_at.isoformat())
    return next((one for one in rows if (one.entrant_id, one.submitted_at) == here), None)


def report_of(view: SubmissionView) -> Report | None:
    """What the phase reveals to the viewer, as a report; None where it reveals no score."""
    if not view.scores or view.report.n is None:
        return None
    return msgspec.structs.replace(
        view.report,
        scores=convert([asdict(one) for one in view.scores], tuple[Score, ...]),
        subgroups=convert(view.subgroups, tuple[SubgroupScore, ...]),
        per_class=convert(view.per_class, tuple[SubgroupScore, ...]),
    )


def as_html(view: SubmissionView) -> str | None:
    """One page with everything in it."""
    report = report_of(view)
    return None if report is None else render(report, title=_title(view.submission))


def _title(submission: Submission) -> str:
    phase = submission.phase
    return f"{submission.entrant.name} in {phase.challenge.title}, {phase_title(phase)}"


def with_the_data(viewer: Viewer, dataset: DataSet) -> Iterator[Listed]:
    """Of the submissions that count: to organisers the first of each phase, to others their own."""
    if not viewer.is_authenticated:
        return
    phases = Phase.objects.filter(challenge__dataset=dataset).select_related(
        "challenge__current", "challenge__dataset"
    )
    for phase in phases.order_by("challenge", "pk"):
        for one in _standing_in(phase, viewer):
            if report_of(submission_detail(submission=one, viewer=viewer)) is not None:
                yield Listed(_title(one), reverse("submissions:report", args=[one.pk]))


def _standing_in(phase: Phase, viewer: Viewer) -> Iterator[Submission]:
    try:
        board = leaderboard(phase=phase, viewer=viewer)
    except PermissionDenied:
        return
    everybody = viewer.has_perm("challenges.review", phase.challenge)
    rows = [one for one in board.rows if everybody or one.entrant_id == board.own_entrant_id]
    for row in rows[:MOST]:
        made_at = datetime.fromisoformat(row.submitted_at)
        found = Submission.objects.filter(
            phase=phase, entrant=row.entrant_id, created_at=made_at
        ).select_related("entrant", "evaluation__revision")
        for submission in found:
            submission.phase = phase
            yield submission
