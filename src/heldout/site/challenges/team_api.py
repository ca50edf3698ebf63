from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import ConfigDict, StringConstraints

from heldout.site.accounts.models import User
from heldout.site.accounts.security import TAKING_PART
from heldout.site.challenges import mail, teams
from heldout.site.challenges.access import entrant_of
from heldout.site.challenges.api import asked
from heldout.site.challenges.models import Challenge, Entrant, Member, OfferState, TeamOffer
from heldout.site.challenges.team_views import find_offer, send_offer
from heldout.site.common.schemas import REFUSED, RowId

router = Router(tags=["Teams"])
TEAM = "/challenges/{slug}/team"
Line = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class MemberOut(Schema):
    handle: str
    rank: str
    joined_at: datetime


class TeamOut(Schema):
    """As whom the caller takes part; `personal`: alone, and not in a team."""

    name: str
    personal: bool
    largest: int
    may_merge: bool
    members: list[MemberOut]


class OfferOut(Schema):
    """A place in a team. `mine`: the caller's to answer, otherwise their own team made it."""

    id: int
    team: str
    by: str
    to_person: str | None
    to_address: str | None
    to_entrant: str | None
    created_at: datetime
    mine: bool


class OfferMade(Schema):
    """`link` lets one person in and cannot be shown again; null where it is not needed."""

    id: int
    link: str | None
    mailed: bool


class TeamName(Schema):
    model_config = ConfigDict(extra="forbid")

    name: Line


class NewOffer(Schema):
    """At most one of these; none of them makes a link to pass on."""

    model_config = ConfigDict(extra="forbid")

    person: Line = ""
    email: Line = ""
    entrant: Line = ""


class LinkIn(Schema):
    """The last part of an invitation's link."""

    model_config = ConfigDict(extra="forbid")

    secret: Line


class PersonIn(Schema):
    model_config = ConfigDict(extra="forbid")

    person: Line


class Answer(StrEnum):
    ACCEPT = "accept"
    DECLINE = "decline"
    WITHDRAW = "withdraw"


@router.get(TEAM, response={200: TeamOut, **REFUSED}, auth=TAKING_PART, url_name="team")
def get_team(request: HttpRequest, slug: str) -> TeamOut:
    """As whom the caller takes part, and with whom."""
    challenge, user = asked(request, slug)
    return _team(challenge, _own(challenge, user))


@router.post(TEAM, response={201: TeamOut, **REFUSED}, auth=TAKING_PART, url_name="form-team")
def form_team(request: HttpRequest, slug: str, given: TeamName) -> Status[TeamOut]:
    """Form a team; who takes part already brings their submissions along."""
    challenge, user = asked(request, slug)
    formed = teams.form_team(challenge=challenge, name=given.name, by=user, now=timezone.now())
    return Status(201, _team(challenge, formed))


@router.patch(TEAM, response={200: TeamOut, **REFUSED}, auth=TAKING_PART, url_name="rename-team")
def rename_team(request: HttpRequest, slug: str, given: TeamName) -> TeamOut:
    """Give the team another name; for its captain."""
    challenge, user = asked(request, slug)
    own = _own(challenge, user)
    teams.rename_team(entrant=own, name=given.name, by=user, now=timezone.now())
    return _team(challenge, own)


@router.get(
    f"{TEAM}/offers", response={200: list[OfferOut], **REFUSED}, auth=TAKING_PART, url_name="offers"
)
def list_offers(request: HttpRequest, slug: str) -> list[OfferOut]:
    """Open invitations: to the caller, and those of the team the caller leads."""
    challenge, user = asked(request, slug)
    found = [_offer(one, mine=True) for one in teams.offers_to(challenge, user)]
    own = entrant_of(challenge, user)
    if own is not None and user.has_perm("challenges.lead_team", own):
        made = own.offers.filter(state=OfferState.OPEN).select_related("user", "other", "by")
        found += [_offer(one, mine=False) for one in made]
    return found


@router.post(
    f"{TEAM}/offers", response={201: OfferMade, **REFUSED}, auth=TAKING_PART, url_name="make-offer"
)
def make_offer(request: HttpRequest, slug: str, given: NewOffer) -> Status[OfferMade]:
    """Invite a person, whoever opens a link, or another entrant to merge; for the captain."""
    challenge, user = asked(request, slug)
    own, now = _own(challenge, user), timezone.now()
    if given.person:
        offer = teams.offer_person(entrant=own, handle=given.person, by=user, now=now)
        return Status(201, OfferMade(id=offer.pk, link=None, mailed=False))
    if given.entrant:
        offer = teams.offer_merger(entrant=own, other=given.entrant, by=user, now=now)
        return Status(201, OfferMade(id=offer.pk, link=None, mailed=False))
    offer, secret = teams.offer_link(entrant=own, by=user, now=now, email=given.email)
    path = reverse("challenges:team-join", args=[slug, secret])
    mailed = bool(given.email) and send_offer(own, user, given.email, path)
    link = None if mailed else mail.absolute(path)
    return Status(201, OfferMade(id=offer.pk, link=link, mailed=mailed))


@router.post(
    f"{TEAM}/offers/{{offer}}/{{answer}}",
    response={204: None, **REFUSED},
    auth=TAKING_PART,
    url_name="answer-offer",
)
def answer_offer(request: HttpRequest, slug: str, offer: RowId, answer: Answer) -> Status[None]:
    """Accept or decline an invitation, or withdraw one of the own team."""
    challenge, user = asked(request, slug)
    _answer(find_offer(challenge, user, offer), answer, user)
    return Status(204, None)


@router.post(
    f"{TEAM}/join", response={200: TeamOut, **REFUSED}, auth=TAKING_PART, url_name="join-team"
)
def join_team(request: HttpRequest, slug: str, given: LinkIn) -> TeamOut:
    """Join a team by an invitation's link."""
    challenge, user = asked(request, slug)
    offer = teams.offer_of_link(given.secret)
    if offer is None or offer.entrant.challenge_id != challenge.pk:
        raise Http404("The invitation was used or withdrawn.")
    return _team(challenge, teams.accept_offer(offer=offer, by=user, now=timezone.now()))


@router.delete(
    f"{TEAM}/members/{{person}}",
    response={204: None, **REFUSED},
    auth=TAKING_PART,
    url_name="leave-team",
)
def leave_team(request: HttpRequest, slug: str, person: str) -> Status[None]:
    """Leave the team, or as its captain take somebody off it."""
    challenge, user = asked(request, slug)
    teams.leave_team(member=_member(challenge, user, person), by=user, now=timezone.now())
    return Status(204, None)


@router.post(
    f"{TEAM}/captain", response={200: TeamOut, **REFUSED}, auth=TAKING_PART, url_name="lead-team"
)
def hand_over(request: HttpRequest, slug: str, given: PersonIn) -> TeamOut:
    """Make another member captain."""
    challenge, user = asked(request, slug)
    member = _member(challenge, user, given.person)
    teams.hand_over(member=member, by=user, now=timezone.now())
    return _team(challenge, member.entrant)


def _own(challenge: Challenge, user: User) -> Entrant:
    own = entrant_of(challenge, user)
    if own is None:
        raise Http404("You do not take part in this challenge.")
    own.challenge = challenge
    return own


def _member(challenge: Challenge, user: User, person: str) -> Member:
    own = _own(challenge, user)
    members = {one.user.handle.lower(): one for one in own.members.select_related("user")}
    member = None if own.personal else members.get(person.lower())
    if member is None:
        raise Http404("There is no such member.")
    member.entrant = own
    return member


def _answer(offer: TeamOffer, answer: Answer, user: User) -> None:
    verbs = {
        Answer.ACCEPT: teams.accept_offer,
        Answer.DECLINE: teams.decline_offer,
        Answer.WITHDRAW: teams.withdraw_offer,
    }
    verbs[answer](offer=offer, by=user, now=timezone.now())


def _team(challenge: Challenge, entrant: Entrant) -> TeamOut:
    members = entrant.members.select_related("user").order_by("joined_at", "pk")
    return TeamOut(
        name=entrant.name,
        personal=entrant.personal,
        largest=challenge.largest_team,
        may_merge=teams.may_merge(challenge, timezone.now()),
        members=[
            MemberOut(handle=one.user.handle, rank=one.rank, joined_at=one.joined_at)
            for one in members
        ],
    )


def _offer(offer: TeamOffer, *, mine: bool) -> OfferOut:
    return OfferOut(
        id=offer.pk,
        team=offer.entrant.name,
        by=offer.by.handle,
        to_person=offer.user.handle if offer.user else None,
        to_address=offer.email or None,
        to_entrant=offer.other.name if offer.other else None,
        created_at=offer.created_at,
        mine=mine,
    )
