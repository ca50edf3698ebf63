"""What organisers do about scoring, for programs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status

from heldout.site.accounts.models import User
from heldout.site.accounts.security import SIGNED_IN, caller
from heldout.site.challenges.api import asked
from heldout.site.challenges.lookup import find_phase
from heldout.site.challenges.models import Challenge
from heldout.site.common import audit
from heldout.site.common.models import AuditEntry
from heldout.site.common.schemas import REFUSED, RowId
from heldout.site.submissions import alerts, dead_letters, rejudging, services
from heldout.site.submissions.models import Alert, Rejudging, Submission

router = Router(tags=["Organising"], auth=SIGNED_IN)
LIST_LIMIT = 500
REVIEW = "challenges.review"


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
    return _scoring(*asked(request, slug))


@router.post(
    "/challenges/{slug}/phases/{phase}/pause",
    response={200: ScoringOut, **REFUSED},
    url_name="pause",
)
def pause(request: HttpRequest, slug: str, phase: str) -> dict[str, Any]:
    """Begin no more scoring of a phase. Files are still taken in; they wait."""
    return _switched(request, slug, phase, services.pause)


@router.post(
    "/challenges/{slug}/phases/{phase}/resume",
    response={200: ScoringOut, **REFUSED},
    url_name="resume",
)
def resume(request: HttpRequest, slug: str, phase: str) -> dict[str, Any]:
    """Go on with the scoring of a phase that an organiser, or failures in a row, paused."""
    return _switched(request, slug, phase, services.resume)


@router.post(
    "/challenges/{slug}/scoring/again",
    response={200: AgainOut, **REFUSED},
    url_name="rescore-failed",
)
def rescore_failed(request: HttpRequest, slug: str) -> dict[str, int]:
    """Score everything again that could not be scored."""
    challenge, by = asked(request, slug, "challenges.edit")
    return {"waiting": services.rescore_failed(challenge=challenge, by=by, now=timezone.now())}


def _switched(
    request: HttpRequest, slug: str, phase: str, verb: Callable[..., bool]
) -> dict[str, Any]:
    challenge, by = asked(request, slug)
    verb(phase=find_phase(challenge, phase), by=by, now=timezone.now())
    return _scoring(challenge, by)


def _scoring(challenge: Challenge, by: User) -> dict[str, Any]:
    return {
        "phases": [
            {**one._asdict(), "phase": one.phase.key, "paused": one.paused or None}
            for one in dead_letters.scoring_of(challenge=challenge, viewer=by)
        ],
        "dead_letters": [
            {
                **one._asdict(),
                "submission": one.submission.pk,
                "phase": one.submission.phase.key,
                "entrant": one.submission.entrant.name,
            }
            for one in dead_letters.dead_letters(challenge=challenge, viewer=by)
        ],
    }


class ChangeOut(Schema):
    phase: str
    entrant: str
    rank_before: int | None
    rank_after: int | None
    before: float | None
    after: float | None
    difference: float | None


class RejudgingOut(Schema):
    """`changes` compares what organisers see now with what they would."""

    id: int
    reason: str
    state: str
    revision: int
    whole: bool
    retires: dict[str, list[str]]
    created_at: datetime
    ended_at: datetime | None
    waiting: int
    scored: int
    refused: int
    failed: int
    changes: list[ChangeOut]


class RejudgingIn(Schema):
    """`submissions` null: every scored one. `retires`: ids of test examples by split."""

    reason: str
    submissions: list[str] | None = None
    retires: dict[str, list[str]] | None = None


@router.get(
    "/challenges/{slug}/rejudgings",
    response={200: list[RejudgingOut], **REFUSED},
    url_name="rejudgings",
)
def list_rejudgings(request: HttpRequest, slug: str) -> list[dict[str, Any]]:
    """All rejudging sets, the latest first, without their changes."""
    challenge, _ = asked(request, slug, REVIEW)
    return [_rejudging(one, []) for one in challenge.rejudgings.select_related("revision")]


@router.post(
    "/challenges/{slug}/rejudgings",
    response={201: RejudgingOut, **REFUSED},
    url_name="start-rejudging",
)
def start_rejudging(request: HttpRequest, slug: str, given: RejudgingIn) -> Any:
    """Score submissions anew in the dark: by the newest revision, with test items retired."""
    challenge, by = asked(request, slug)
    made = rejudging.start(challenge=challenge, by=by, now=timezone.now(), **given.model_dump())
    return Status(201, _rejudging(made, []))


@router.get(
    "/challenges/{slug}/rejudgings/{number}",
    response={200: RejudgingOut, **REFUSED},
    url_name="rejudging",
)
def get_rejudging(request: HttpRequest, slug: str, number: RowId) -> dict[str, Any]:
    """One set, and how scores and ranks would change."""
    return _shown(request, _find_rejudging(request, slug, number))


@router.post(
    "/challenges/{slug}/rejudgings/{number}/apply",
    response={200: RejudgingOut, **REFUSED},
    url_name="apply-rejudging",
)
def apply_rejudging(request: HttpRequest, slug: str, number: RowId) -> dict[str, Any]:
    """Let all new results count at once; the old ones are kept."""
    return _ended(request, slug, number, rejudging.apply)


@router.post(
    "/challenges/{slug}/rejudgings/{number}/cancel",
    response={200: RejudgingOut, **REFUSED},
    url_name="cancel-rejudging",
)
def cancel_rejudging(request: HttpRequest, slug: str, number: RowId) -> dict[str, Any]:
    """Throw a set away; nothing changes."""
    return _ended(request, slug, number, rejudging.cancel)


def _ended(
    request: HttpRequest, slug: str, number: RowId, verb: Callable[..., Rejudging]
) -> dict[str, Any]:
    found = _find_rejudging(request, slug, number)
    return _shown(request, verb(rejudging=found, by=caller(request), now=timezone.now()))


def _find_rejudging(request: HttpRequest, slug: str, number: RowId) -> Rejudging:
    challenge, _ = asked(request, slug, REVIEW)
    found = challenge.rejudgings.select_related("revision").filter(pk=number).first()
    if found is None:
        raise Http404("There is no such rejudging set.")
    return found


def _shown(request: HttpRequest, found: Rejudging) -> dict[str, Any]:
    changes = rejudging.changes(rejudging=found, viewer=caller(request), now=timezone.now())
    return _rejudging(found, changes)


def _rejudging(found: Rejudging, changes: list[rejudging.Change]) -> dict[str, Any]:
    return {
        "id": found.pk,
        "reason": found.reason,
        "state": found.state,
        "revision": found.revision.number,
        "whole": found.whole,
        "retires": found.retires,
        "created_at": found.created_at,
        "ended_at": found.ended_at,
        **rejudging.progress(found)._asdict(),
        "changes": [{**one._asdict(), "difference": one.difference} for one in changes],
    }


class EntryOut(Schema):
    """`digest` covers everything here and the digest of the site's entry before."""

    id: int
    at: datetime
    actor: str | None
    action: str
    subject: str
    details: dict[str, Any]
    previous: str
    digest: str


class FaultOut(Schema):
    entry: int
    what: str
    message: str


class VerdictOut(Schema):
    """`head` is the last digest; keep it elsewhere to notice a log that was cut."""

    entries: int
    head: str
    faults: list[FaultOut]


@router.get("/challenges/{slug}/audit", response={200: list[EntryOut], **REFUSED}, url_name="audit")
def list_audit(request: HttpRequest, slug: str) -> list[dict[str, Any]]:
    """Who did what in a challenge, the latest 500 first; for organisers."""
    challenge, _ = asked(request, slug, REVIEW)
    found = AuditEntry.objects.filter(subject__in=_subjects(challenge)).select_related("actor")
    shown = ("id", "at", "action", "subject", "details", "previous", "digest")
    return [
        {
            **{name: getattr(one, name) for name in shown},
            "actor": one.actor.handle if one.actor else None,
        }
        for one in found.order_by("-id")[:LIST_LIMIT]
    ]


def _subjects(challenge: Challenge) -> list[str]:
    submissions = Submission.objects.filter(phase__challenge=challenge)
    kinds = {
        "phase": challenge.phases.values_list("pk", flat=True),
        "submission": submissions.values_list("pk", flat=True),
        "entrant": challenge.entrants.values_list("pk", flat=True),
        "rejudging": challenge.rejudgings.values_list("pk", flat=True),
    }
    parts = [f"{kind}:{key}" for kind, keys in kinds.items() for key in keys]
    return [audit.subject(challenge), *parts]


@router.get("/audit/verify", response={200: VerdictOut, **REFUSED}, url_name="verify-audit")
def verify_audit(request: HttpRequest, head: str = "") -> dict[str, Any]:
    """Follow the chain of the site's audit log; for the site's staff."""
    if not caller(request).is_staff:
        raise PermissionDenied("This is for the site's staff.")
    verdict = audit.verify(head=head)
    return {**verdict._asdict(), "faults": [one._asdict() for one in verdict.faults]}


class AlertOut(Schema):
    id: int
    phase: str
    kind: str
    words: str
    entrants: list[str]
    created_at: datetime
    settled_at: datetime | None


@router.get(
    "/challenges/{slug}/alerts", response={200: list[AlertOut], **REFUSED}, url_name="alerts"
)
def list_alerts(request: HttpRequest, slug: str) -> list[dict[str, Any]]:
    """What organisers should look at: bursts, and predictions that are too much alike."""
    challenge, by = asked(request, slug)
    return [_alert(one) for one in alerts.alerts_of(challenge=challenge, viewer=by)]


@router.post(
    "/challenges/{slug}/alerts/{number}/settle",
    response={200: AlertOut, **REFUSED},
    url_name="settle-alert",
)
def settle_alert(request: HttpRequest, slug: str, number: RowId) -> dict[str, Any]:
    """Say that an alert was looked at."""
    return _answered(request, slug, number, alerts.settle)


@router.post(
    "/challenges/{slug}/alerts/{number}/count-as-one",
    response={200: AlertOut, **REFUSED},
    url_name="count-as-one",
)
def count_as_one(request: HttpRequest, slug: str, number: RowId) -> dict[str, Any]:
    """Hold everybody of the alert's entrants to one person's limits."""
    return _answered(request, slug, number, alerts.count_as_one)


def _answered(
    request: HttpRequest, slug: str, number: RowId, verb: Callable[..., Any]
) -> dict[str, Any]:
    challenge, by = asked(request, slug, REVIEW)
    found = challenge.alerts.filter(pk=number).first()
    if found is None:
        raise Http404("There is no such alert.")
    verb(alert=found, by=by, now=timezone.now())
    found.refresh_from_db()
    return _alert(found)


def _alert(found: Alert) -> dict[str, Any]:
    shown = ("id", "kind", "words", "created_at", "settled_at")
    return {
        **{name: getattr(found, name) for name in shown},
        "phase": found.phase.key,
        "entrants": [entrant.name for entrant in found.entrants.all()],
    }
