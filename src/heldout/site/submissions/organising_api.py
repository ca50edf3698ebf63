"""What organisers do about scoring, for programs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema

from heldout.site.accounts.security import SIGNED_IN
from heldout.site.challenges.api import REFUSED, viewer
from heldout.site.challenges.lookup import find_challenge, find_phase
from heldout.site.challenges.models import Challenge
from heldout.site.challenges.services import require
from heldout.site.submissions import dead_letters, services

router = Router(tags=["Organising"], auth=SIGNED_IN)


class PhaseScoringOut(Schema):
    """`paused`: why scoring of the phase stands still; null while it goes on."""

    phase: str
    waiting: int
    running: int
    failed: int
    paused: str | None
    since: datetime | None


class DeadLetterOut(Schema):
    """A submission that was given up, and the last attempt's reason."""

    submission: str
    phase: str
    entrant: str
    attempts: int
    reason: str
    at: datetime | None


class ScoringOut(Schema):
    phases: list[PhaseScoringOut]
    dead_letters: list[DeadLetterOut]


class AgainOut(Schema):
    waiting: int


@router.get("/challenges/{slug}/scoring", response={200: ScoringOut, **REFUSED}, url_name="scoring")
def get_scoring(request: HttpRequest, slug: str) -> dict[str, Any]:
    """How the scoring of each phase goes, and what could not be scored; for organisers."""
    return _scoring(request, find_challenge(slug, viewer(request)))


@router.post(
    "/challenges/{slug}/phases/{phase}/pause",
    response={200: ScoringOut, **REFUSED},
    url_name="pause",
)
def pause(request: HttpRequest, slug: str, phase: str) -> dict[str, Any]:
    """Begin no more scoring of a phase. Files are still taken in; they wait."""
    challenge = find_challenge(slug, viewer(request))
    found, by = find_phase(challenge, phase), request.auth  # type: ignore[attr-defined]
    services.pause(phase=found, by=by, now=timezone.now())
    return _scoring(request, challenge)


@router.post(
    "/challenges/{slug}/phases/{phase}/resume",
    response={200: ScoringOut, **REFUSED},
    url_name="resume",
)
def resume(request: HttpRequest, slug: str, phase: str) -> dict[str, Any]:
    """Go on with the scoring of a phase that an organiser, or failures in a row, paused."""
    challenge = find_challenge(slug, viewer(request))
    found, by = find_phase(challenge, phase), request.auth  # type: ignore[attr-defined]
    services.resume(phase=found, by=by, now=timezone.now())
    return _scoring(request, challenge)


@router.post(
    "/challenges/{slug}/scoring/again",
    response={200: AgainOut, **REFUSED},
    url_name="rescore-failed",
)
def rescore_failed(request: HttpRequest, slug: str) -> dict[str, int]:
    """Score everything again that could not be scored."""
    challenge, by = find_challenge(slug, viewer(request)), request.auth  # type: ignore[attr-defined]
    require(by, "challenges.review", challenge)
    return {"waiting": services.rescore_failed(challenge=challenge, by=by, now=timezone.now())}


def _scoring(request: HttpRequest, challenge: Challenge) -> dict[str, Any]:
    viewing = viewer(request)
    return {
        "phases": [
            {**one._asdict(), "phase": one.phase.key, "paused": one.paused or None}
            for one in dead_letters.scoring_of(challenge=challenge, viewer=viewing)
        ],
        "dead_letters": [
            {
                **one._asdict(),
                "submission": one.submission.pk,
                "phase": one.submission.phase.key,
                "entrant": one.submission.entrant.name,
            }
            for one in dead_letters.dead_letters(challenge=challenge, viewer=viewing)
        ],
    }
