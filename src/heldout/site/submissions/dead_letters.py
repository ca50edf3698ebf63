"""How the scoring of each phase goes, and what could not be scored; for organisers."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db.models import Count

from heldout.site.challenges.models import Challenge, Phase
from heldout.site.challenges.services import Viewer, require
from heldout.site.common.models import Gate, Job, JobState
from heldout.site.submissions.models import Status, Submission
from heldout.site.submissions.services import EVALUATE, gate


class PhaseScoring(NamedTuple):
    """`paused` says why; empty where scoring goes on."""

    phase: Phase
    waiting: int
    running: int
    failed: int
    paused: str
    since: datetime | None


class DeadLetter(NamedTuple):
    """A submission that was given up. The reason may quote answers: for organisers alone."""

    submission: Submission
    attempts: int
    reason: str
    at: datetime | None


def scoring_of(*, challenge: Challenge, viewer: Viewer) -> list[PhaseScoring]:
    require(viewer, "challenges.review", challenge)
    phases = list(challenge.phases.filter(retired=False))
    gates = Gate.objects.in_bulk([gate(phase) for phase in phases])
    counted = Submission.objects.filter(phase__in=phases).order_by()
    counts = {
        (row["phase"], row["status"]): row["n"]
        for row in counted.values("phase", "status").annotate(n=Count("pk"))
    }
    return [_phase_scoring(phase, counts, gates.get(gate(phase))) for phase in phases]


def _phase_scoring(
    phase: Phase, counts: dict[tuple[int, str], int], found: Gate | None
) -> PhaseScoring:
    waiting, running, failed = (
        counts.get((phase.pk, one), 0) for one in (*Status.unfinished(), Status.FAILED)
    )
    closed = found is not None and found.closed
    reason = found.reason if found and closed else ""
    since = found.since if found and closed else None
    return PhaseScoring(phase, waiting, running, failed, reason, since)


def dead_letters(*, challenge: Challenge, viewer: Viewer) -> list[DeadLetter]:
    """Submissions that were given up, the latest first, each with the last attempt's reason."""
    require(viewer, "challenges.review", challenge)
    failed = Submission.objects.filter(phase__challenge=challenge, status=Status.FAILED)
    found = list(failed.select_related("phase__challenge", "entrant").order_by("-finished_at"))
    phases = {gate(one.phase) for one in found}
    jobs = Job.objects.filter(kind=EVALUATE, state=JobState.DEAD, gate__in=phases)
    last = {job.payload["submission"]: job for job in jobs.order_by("id")}
    return [_dead_letter(one, last.get(one.pk)) for one in found]


def _dead_letter(submission: Submission, job: Job | None) -> DeadLetter:
    if job is None:
        return DeadLetter(submission, 0, "", submission.finished_at)
    return DeadLetter(submission, job.attempt, job.error, job.finished_at)
