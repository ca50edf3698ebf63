from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import ConfigDict, Field

from heldout.site.accounts.security import ANYBODY, SIGNED_IN, TAKING_PART
from heldout.site.challenges import news, winners
from heldout.site.challenges.api import asked, viewer
from heldout.site.challenges.lookup import find_challenge
from heldout.site.challenges.models import Announcement, Challenge
from heldout.site.common.schemas import MISSING, REFUSED, RowId

router = Router(tags=["News"])


class AnnouncementOut(Schema):
    """`text` is Markdown."""

    id: int
    title: str
    text: str
    published_at: datetime
    mailed: bool


class AnnouncementIn(Schema):
    """`mail`: send it to those who take part, too."""

    model_config = ConfigDict(extra="forbid")

    title: str
    text: str
    mail: bool = False


class MailIn(Schema):
    model_config = ConfigDict(extra="forbid")

    wanted: bool


class AwardOut(Schema):
    """`prize` counts from 0, in the order of `challenge.toml`."""

    prize: int
    place: int
    amount: str
    sponsor: str
    entrant: str


class WinnersOut(Schema):
    """`published_at` of null: only organisers see it."""

    text: str
    published_at: datetime | None
    winners: list[AwardOut]


class AwardIn(Schema):
    model_config = ConfigDict(extra="forbid")

    prize: int = Field(ge=0, lt=1000)
    entrant: str


class WinnersIn(Schema):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(default="", max_length=20_000)
    winners: list[AwardIn] = Field(default=[], max_length=1000)
    published: bool = False


@router.get(
    "/challenges/{slug}/announcements",
    response={200: list[AnnouncementOut], **MISSING},
    auth=ANYBODY,
    url_name="announcements",
)
def list_announcements(request: HttpRequest, slug: str) -> list[AnnouncementOut]:
    """What the organisers have announced, the newest first."""
    challenge = find_challenge(slug, viewer(request))
    return [_announcement(one) for one in challenge.announcements.all()]


@router.post(
    "/challenges/{slug}/announcements",
    response={201: AnnouncementOut, **REFUSED},
    auth=SIGNED_IN,
    url_name="announce",
)
def announce(request: HttpRequest, slug: str, given: AnnouncementIn) -> Status[AnnouncementOut]:
    """Announce something; for organisers."""
    challenge, user = asked(request, slug)
    made = news.announce(challenge=challenge, by=user, now=timezone.now(), **given.model_dump())
    return Status(201, _announcement(made))


@router.delete(
    "/challenges/{slug}/announcements/{announcement}",
    response={204: None, **REFUSED},
    auth=SIGNED_IN,
    url_name="retract",
)
def retract(request: HttpRequest, slug: str, announcement: RowId) -> Status[None]:
    """Take an announcement off the page and the feeds; for organisers."""
    challenge, user = asked(request, slug)
    found = challenge.announcements.filter(pk=announcement).first()
    if found is None:
        raise Http404("There is no such announcement.")
    news.retract(announcement=found, by=user, now=timezone.now())
    return Status(204, None)


@router.put(
    "/challenges/{slug}/mail", response={204: None, **REFUSED}, auth=TAKING_PART, url_name="mail"
)
def want_mail(request: HttpRequest, slug: str, given: MailIn) -> Status[None]:
    """Whether announcements of this challenge come to the caller by mail."""
    challenge, user = asked(request, slug)
    news.want_mail(challenge=challenge, user=user, wanted=given.wanted)
    return Status(204, None)


@router.get(
    "/challenges/{slug}/winners",
    response={200: WinnersOut, **MISSING},
    auth=ANYBODY,
    url_name="winners",
)
def get_winners(request: HttpRequest, slug: str) -> WinnersOut:
    """Who won what, once it is published; organisers see it before."""
    user = viewer(request)
    challenge = find_challenge(slug, user)
    if challenge.winners_at is None and not user.has_perm("challenges.edit", challenge):
        raise Http404("The winners are not named yet.")
    return _winners(challenge)


@router.put(
    "/challenges/{slug}/winners",
    response={200: WinnersOut, **REFUSED},
    auth=SIGNED_IN,
    url_name="set-winners",
)
def set_winners(request: HttpRequest, slug: str, given: WinnersIn) -> WinnersOut:
    """Say who wins which prize, and whether everybody sees it; for organisers."""
    (challenge, user), now = asked(request, slug), timezone.now()
    entrants = {name: pk for pk, name in challenge.entrants.values_list("pk", "name")}
    show = winners.publish_winners if given.published else winners.hide_winners
    with transaction.atomic():
        winners.set_winners(
            challenge=challenge,
            winners={one.prize: entrants.get(one.entrant, 0) for one in given.winners},
            text=given.text,
            by=user,
            now=now,
        )
        show(challenge=challenge, by=user, now=now)
    return _winners(challenge)


def _announcement(one: Announcement) -> AnnouncementOut:
    return AnnouncementOut.from_orm(one)


def _winners(challenge: Challenge) -> WinnersOut:
    return WinnersOut(
        text=challenge.winners_text,
        published_at=challenge.winners_at,
        winners=[
            AwardOut(
                prize=one.position,
                place=one.place,
                amount=one.amount,
                sponsor=one.sponsor,
                entrant=one.entrant.name,
            )
            for one in challenge.awards.select_related("entrant")
        ],
    )
