"""Teams: formed, joined by an offer, left, led by a captain and merged."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import ProtectedError, Q, QuerySet
from django.utils.text import slugify

from heldout.errors import Problem
from heldout.site.accounts.models import User
from heldout.site.accounts.services import digest
from heldout.site.challenges.access import entrant_of, require
from heldout.site.challenges.boards import refresh_boards
from heldout.site.challenges.models import (
    Challenge,
    Entrant,
    Member,
    OfferState,
    Rank,
    TeamOffer,
)
from heldout.site.challenges.people import is_email
from heldout.site.challenges.signals import entrants_merging
from heldout.site.common import audit
from heldout.site.common.problems import Refused

MOST_OPEN_OFFERS = 20
# Invitations are mailed in the site's name.
MOST_OFFERS_A_DAY = 40
NAME_LENGTH = 40


def _refused(place: str, message: str, remedy: str = "") -> Refused:
    return Refused([Problem(place, message, remedy)])


@contextmanager
def _changing(challenge: Challenge, now: datetime) -> Iterator[None]:
    """One change of a challenge's teams at a time, so that a team is counted before it grows."""
    with transaction.atomic():
        Challenge.objects.select_for_update().get(pk=challenge.pk)
        if is_over(challenge, now):
            raise _refused("team", "the challenge is over: teams stay as they are")
        yield


def is_over(challenge: Challenge, now: datetime) -> bool:
    return not challenge.phases.filter(retired=False, closes__gte=now).exists()


def may_merge(challenge: Challenge, now: datetime) -> bool:
    """Whether entrants that have submitted may still become one."""
    return challenge.merge_until is not None and now <= challenge.merge_until


def form_team(*, challenge: Challenge, name: str, by: User, now: datetime) -> Entrant:
    """Make oneself a team others can join; who takes part already brings their submissions along."""
    _require_entry(challenge, by)
    if challenge.largest_team < 2:
        raise _refused("team", "this challenge is entered alone, there are no teams")
    with _changing(challenge, now):
        entrant = entrant_of(challenge, by)
        if entrant is not None and not entrant.personal:
            raise _refused("team", f"you are in the team {entrant} already", "leave it first")
        name = _free(challenge, name, besides=entrant)
        if entrant is None:
            entrant = Entrant.objects.create(
                challenge=challenge, name=name, personal=False, created_at=now
            )
            Member.objects.create(challenge=challenge, entrant=entrant, user=by, joined_at=now)
        else:
            entrant.name, entrant.personal = name, False
            entrant.save(update_fields=["name", "personal"])
            refresh_boards(challenge, now=now)
        audit.record("team formed", by=by, on=entrant, now=now, name=name)
    return entrant


def _require_entry(challenge: Challenge, user: User) -> None:
    """Who takes part already goes on taking part, whatever the challenge has become."""
    if entrant_of(challenge, user) is None:
        require(user, "challenges.join", challenge)


def rename_team(*, entrant: Entrant, name: str, by: User, now: datetime) -> Entrant:
    require(by, "challenges.lead_team", entrant)
    with _changing(entrant.challenge, now):
        before, entrant.name = entrant.name, _free(entrant.challenge, name, besides=entrant)
        entrant.save(update_fields=["name"])
        refresh_boards(entrant.challenge, now=now)
        audit.record("team renamed", by=by, on=entrant, now=now, name=[before, entrant.name])
    return entrant


def _free(challenge: Challenge, name: str, *, besides: Entrant | None) -> str:
    """The name as it will be shown, if nobody else has it or one that looks the same."""
    wanted = " ".join(name.replace("\0", "").split())
    if not (wanted.isprintable() and 2 <= len(wanted) <= NAME_LENGTH):
        remedy = f"write 2 to {NAME_LENGTH} letters, digits or signs"
        raise _refused("name", "is no name for a team", remedy)
    others = challenge.entrants.exclude(pk=besides.pk) if besides else challenge.entrants.all()
    taken = {_looks(other) for other in others.values_list("name", flat=True)}
    person = User.objects.filter(handle__iexact=wanted)
    own = besides.members.values_list("user", flat=True) if besides else []
    if _looks(wanted) in taken or person.exclude(pk__in=own).exists():
        raise _refused("name", f'"{wanted}" is taken', "choose another name")
    return wanted


def _looks(name: str) -> str:
    return slugify(name).replace("-", "") or name.casefold()


def offer_link(
    *, entrant: Entrant, by: User, now: datetime, email: str = ""
) -> tuple[TeamOffer, str]:
    """Offer a place to whoever opens a link first; the second value is its secret, shown once."""
    email = email.strip()
    if email and not is_email(email):
        raise _refused("email", f"{email[:80]} is not an e-mail address")
    secret = secrets.token_urlsafe(24)
    with _offering(entrant, by, now):
        offer = _offer(entrant, by, now, email=email, digest=digest(secret))
    return offer, secret


def offer_person(*, entrant: Entrant, handle: str, by: User, now: datetime) -> TeamOffer:
    """Offer a place to a person by their public name."""
    user = User.objects.filter(handle__iexact=handle.strip(), is_active=True).first()
    if user is None:
        raise _refused("handle", f"nobody here is called {handle.strip()[:40]}")
    if entrant.members.filter(user=user).exists():
        raise _refused("handle", f"{user} is in the team already")
    with _offering(entrant, by, now):
        return _offer(entrant, by, now, user=user)


def offer_merger(*, entrant: Entrant, other: str, by: User, now: datetime) -> TeamOffer:
    """Offer another entrant, by its name, to become part of this team."""
    challenge = entrant.challenge
    found = challenge.entrants.filter(name__iexact=other.strip()).exclude(pk=entrant.pk).first()
    if found is None:
        raise _refused("team", f"no other entrant is called {other.strip()[:40]}")
    if not may_merge(challenge, now):
        raise _refused("team", "teams cannot merge any more")
    with _offering(entrant, by, now):
        _check_size(entrant, found.members.count())
        return _offer(entrant, by, now, other=found)


@contextmanager
def _offering(entrant: Entrant, by: User, now: datetime) -> Iterator[None]:
    require(by, "challenges.lead_team", entrant)
    with _changing(entrant.challenge, now):
        if entrant.personal:
            raise _refused("team", "you take part alone", "form a team first")
        if entrant.offers.filter(state=OfferState.OPEN).count() >= MOST_OPEN_OFFERS:
            message = f"{MOST_OPEN_OFFERS} invitations are open"
            raise _refused("team", message, "withdraw one first")
        lately = entrant.offers.filter(created_at__gt=now - timedelta(days=1))
        if lately.count() >= MOST_OFFERS_A_DAY:
            raise _refused("team", "too many invitations in one day", "go on tomorrow")
        _check_size(entrant, 1)
        yield


def _offer(entrant: Entrant, by: User, now: datetime, **whom: object) -> TeamOffer:
    same = {name: value for name, value in whom.items() if name in ("user", "other")}
    if same and entrant.offers.filter(state=OfferState.OPEN, **same).exists():
        raise _refused("team", "this invitation is open already")
    offer = TeamOffer.objects.create(entrant=entrant, by=by, created_at=now, **whom)
    audit.record("team invitation made", by=by, on=entrant, now=now, offer=offer.pk)
    return offer


def _check_size(entrant: Entrant, joining: int) -> None:
    largest = entrant.challenge.largest_team
    if entrant.members.count() + joining > largest:
        message = f"a team of this challenge has at most {largest} people"
        raise _refused("team", f"{entrant} has no place left: {message}")


def offer_of_link(secret: str) -> TeamOffer | None:
    """What a link offers, if it has not been used or withdrawn."""
    open_ones = _open_offers()
    return open_ones.filter(digest=digest(secret)).first()


def offers_to(challenge: Challenge, user: User) -> QuerySet[TeamOffer]:
    """The offers a person may answer: to them, or to the entrant they lead."""
    leading = Member.objects.filter(challenge=challenge, user=user, rank=Rank.CAPTAIN)
    addressed = Q(user=user) | Q(other__in=leading.values("entrant"))
    return _open_offers().filter(addressed, entrant__challenge=challenge)


def _open_offers() -> QuerySet[TeamOffer]:
    whole = TeamOffer.objects.select_related("entrant__challenge__current", "other", "user", "by")
    return whole.filter(state=OfferState.OPEN)


def accept_offer(*, offer: TeamOffer, by: User, now: datetime) -> Entrant:
    """Join the team; who has submitted before brings that along, as long as teams may merge.

    The caller has made sure that the offer is this person's to answer.

    Raises:
        Refused: The offer is not open, the team is full, or the rules forbid a merger.
        PermissionDenied: The person may not take part in the challenge.
    """
    challenge, team = offer.entrant.challenge, offer.entrant
    _require_entry(challenge, by)
    with _changing(challenge, now):
        _close(offer, OfferState.ACCEPTED, now)
        own = entrant_of(challenge, by)
        if own == team:
            raise _refused("team", f"you are in {team} already")
        if own is not None and not own.personal and offer.other_id != own.pk:
            raise _refused("team", f"you are in the team {own}", "leave it first")
        if own is None:
            _add(team, by, now)
        else:
            _merge(team, own, by, now)
        _note(offer, OfferState.ACCEPTED, by, now)
    return team


def _add(team: Entrant, user: User, now: datetime) -> None:
    _check_size(team, 1)
    Member.objects.create(
        challenge=team.challenge, entrant=team, user=user, rank=Rank.MEMBER, joined_at=now
    )
    audit.record("team joined", by=user, on=team, now=now)


def _merge(team: Entrant, gone: Entrant, by: User, now: datetime) -> None:
    """Make an entrant part of a team: its people, its submissions and what it has used."""
    people = list(gone.members.values_list("user_id", flat=True))
    for one in (team, gone):
        _check_may_change(one)
    _check_size(team, len(people))
    answers: list[tuple[object, int]]
    answers = entrants_merging.send(Entrant, into=team, gone=gone, now=now)  # type: ignore[assignment]
    moved = sum(count for _, count in answers)
    if moved and not may_merge(team.challenge, now):
        message = f"{gone} has submitted already, and teams cannot merge any more"
        raise _refused("team", message)
    gone.members.update(entrant=team, rank=Rank.MEMBER)
    gone.awards.update(entrant=team)
    name = gone.name
    gone.delete()
    refresh_boards(team.challenge, now=now)
    audit.record(
        "team merged", by=by, on=team, now=now, name=name, people=people, submissions=moved
    )


def decline_offer(*, offer: TeamOffer, by: User, now: datetime) -> None:
    with transaction.atomic():
        _close(offer, OfferState.DECLINED, now)
        _note(offer, OfferState.DECLINED, by, now)


def withdraw_offer(*, offer: TeamOffer, by: User, now: datetime) -> None:
    require(by, "challenges.lead_team", offer.entrant)
    with transaction.atomic():
        _close(offer, OfferState.WITHDRAWN, now)
        _note(offer, OfferState.WITHDRAWN, by, now)


def _close(offer: TeamOffer, state: OfferState, now: datetime) -> None:
    still_open = TeamOffer.objects.filter(pk=offer.pk, state=OfferState.OPEN)
    if not still_open.update(state=state, answered_at=now):
        raise _refused("team", "this invitation was answered or withdrawn already")


def _note(offer: TeamOffer, state: OfferState, by: User, now: datetime) -> None:
    audit.record(f"team invitation {state}", by=by, on=offer.entrant, now=now, offer=offer.pk)


def leave_team(*, member: Member, by: User, now: datetime) -> None:
    """Leave a team, or as its captain take somebody off it; submissions stay with the team."""
    team = member.entrant
    itself = member.user_id == by.pk
    if not itself:
        require(by, "challenges.lead_team", team)
    with _changing(team.challenge, now):
        others = team.members.exclude(pk=member.pk)
        _check_may_change(team)
        if member.rank == Rank.CAPTAIN and others.exists():
            raise _refused("team", "a team needs a captain", "hand the captaincy over first")
        member.delete()
        subject, dissolved = audit.subject(team), not others.exists() and _dissolve(team, now)
        action = "team left" if itself else "taken off the team"
        audit.record(action, by=by, on=subject, now=now, user=member.user_id, dissolved=dissolved)


def _check_may_change(team: Entrant) -> None:
    """Nobody gets back into the ranks, or others out of them, by leaving or merging."""
    if team.disqualifications.exists():
        message = f"{team} is disqualified in a phase, and stays as it is"
        raise _refused("team", message, "ask the organisers")


def _dissolve(team: Entrant, now: datetime) -> bool:
    """A team nobody is in goes, unless it has submitted: then its results stay."""
    team.offers.filter(state=OfferState.OPEN).update(state=OfferState.WITHDRAWN, answered_at=now)
    try:
        with transaction.atomic():
            team.delete()
    except ProtectedError:
        return False
    return True


def hand_over(*, member: Member, by: User, now: datetime) -> None:
    """Make another member captain."""
    team = member.entrant
    require(by, "challenges.lead_team", team)
    with _changing(team.challenge, now):
        team.members.filter(rank=Rank.CAPTAIN).update(rank=Rank.MEMBER)
        team.members.filter(pk=member.pk).update(rank=Rank.CAPTAIN)
        audit.record("captaincy handed over", by=by, on=team, now=now, user=member.user_id)
