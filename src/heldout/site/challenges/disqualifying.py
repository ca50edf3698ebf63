"""Organisers take an entrant out of a phase's ranks, and let them in again."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from heldout.errors import Problem, Problems
from heldout.site.accounts.models import User
from heldout.site.challenges.access import Viewer, entrant_of, require
from heldout.site.challenges.boards import refresh_board
from heldout.site.challenges.models import Challenge, Disqualification, Entrant, Phase
from heldout.site.common import audit
from heldout.site.common.problems import Refused

LONGEST_REASON = 500


def disqualify(
    *, phase: Phase, entrant: Entrant, reason: str, by: User, now: datetime
) -> Disqualification:
    """Rank an entrant no more; submissions stay, prizes they were named for are nobody's.

    Raises:
        BadInput: There is no reason, or the entrant is another challenge's.
        Refused: It was done before.
    """
    require(by, "challenges.edit", phase.challenge)
    reason, problems = " ".join(reason.replace("\0", "").split()), Problems()
    if not 0 < len(reason) <= LONGEST_REASON:
        message = f"has to have 1 to {LONGEST_REASON} letters"
        problems.add("reason", message, "the entrant reads it")
    if entrant.challenge_id != phase.challenge_id:
        problems.add("entrant", "does not take part in this challenge")
    problems.refuse_if_any()
    with transaction.atomic():
        made, new = Disqualification.objects.get_or_create(
            phase=phase, entrant=entrant, defaults={"reason": reason, "by": by, "at": now}
        )
        if not new:
            message = f"{entrant} is disqualified in this phase already"
            raise Refused([Problem("entrant", message)])
        prizes, _ = entrant.awards.all().delete()
        refresh_board(phase, now=now)
        about = {"entrant": entrant.pk, "reason": reason, "prizes": prizes}
        audit.record("disqualified", by=by, on=phase, now=now, **about)
    return made


def reinstate(*, disqualification: Disqualification, by: User, now: datetime) -> None:
    """Rank an entrant again by what counts; prizes have to be given anew."""
    phase, entrant = disqualification.phase, disqualification.entrant_id
    require(by, "challenges.edit", phase.challenge)
    with transaction.atomic():
        disqualification.delete()
        refresh_board(phase, now=now)
        audit.record("reinstated", by=by, on=phase, now=now, entrant=entrant)


def disqualifications_of(challenge: Challenge, viewer: Viewer) -> QuerySet[Disqualification]:
    """All of them for organisers, their own for those who take part, none for others."""
    if viewer.has_perm("challenges.review", challenge):
        return _of(challenge)
    return own_disqualifications(challenge, viewer)


def own_disqualifications(challenge: Challenge, viewer: Viewer) -> QuerySet[Disqualification]:
    mine = entrant_of(challenge, viewer)
    return _of(challenge).filter(entrant=mine) if mine else _of(challenge).none()


def _of(challenge: Challenge) -> QuerySet[Disqualification]:
    found = Disqualification.objects.filter(phase__challenge=challenge)
    return found.select_related("phase__challenge", "entrant", "by")
