from __future__ import annotations

from datetime import datetime

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import ConfigDict, Field

from heldout.site.accounts.security import SIGNED_IN, TAKING_PART
from heldout.site.challenges import disqualifying
from heldout.site.challenges.api import asked
from heldout.site.challenges.models import Disqualification
from heldout.site.common.schemas import REFUSED, RowId

router = Router(tags=["Disqualifications"])
ALL = "/challenges/{slug}/disqualifications"


class DisqualificationOut(Schema):
    id: int
    phase: str
    entrant: str
    reason: str
    at: datetime


class DisqualificationIn(Schema):
    """`entrant`: the name on the leaderboard; `reason`: what the entrant reads."""

    model_config = ConfigDict(extra="forbid")

    phase: str = Field(max_length=80)
    entrant: str = Field(max_length=80)
    reason: str = Field(max_length=disqualifying.LONGEST_REASON)


@router.get(
    ALL,
    response={200: list[DisqualificationOut], **REFUSED},
    auth=TAKING_PART,
    url_name="disqualifications",
)
def list_disqualifications(request: HttpRequest, slug: str) -> list[DisqualificationOut]:
    """Who is ranked no more, and why: all for organisers, one's own for who takes part."""
    challenge, user = asked(request, slug)
    return [_shown(one) for one in disqualifying.disqualifications_of(challenge, user)]


@router.post(
    ALL, response={201: DisqualificationOut, **REFUSED}, auth=SIGNED_IN, url_name="disqualify"
)
def disqualify(
    request: HttpRequest, slug: str, given: DisqualificationIn
) -> Status[DisqualificationOut]:
    """Rank an entrant of a phase no more; for organisers."""
    challenge, user = asked(request, slug, "challenges.edit")
    phase = challenge.phases.filter(key=given.phase.replace("\0", "")).first()
    name = given.entrant.replace("\0", "")
    entrant = challenge.entrants.filter(name__iexact=name).first()
    if phase is None or entrant is None:
        raise Http404("There is no such phase, or no such entrant.")
    phase.challenge = challenge
    made = disqualifying.disqualify(
        phase=phase, entrant=entrant, reason=given.reason, by=user, now=timezone.now()
    )
    return Status(201, _shown(made))


@router.delete(
    f"{ALL}/{{disqualification}}",
    response={204: None, **REFUSED},
    auth=SIGNED_IN,
    url_name="reinstate",
)
def reinstate(request: HttpRequest, slug: str, disqualification: RowId) -> Status[None]:
    """Rank an entrant again; for organisers."""
    challenge, user = asked(request, slug, "challenges.edit")
    every = disqualifying.disqualifications_of(challenge, user)
    found = every.filter(pk=disqualification).first()
    if found is None:
        raise Http404("There is no such disqualification.")
    disqualifying.reinstate(disqualification=found, by=user, now=timezone.now())
    return Status(204, None)


def _shown(one: Disqualification) -> DisqualificationOut:
    return DisqualificationOut(
        id=one.pk, phase=one.phase.key, entrant=one.entrant.name, reason=one.reason, at=one.at
    )
