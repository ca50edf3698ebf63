"""Announcements: on a page, in feeds and by mail."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed

from heldout.errors import Problems
from heldout.site.accounts.models import User
from heldout.site.accounts.services import is_verified
from heldout.site.challenges.access import Viewer, require, visible
from heldout.site.challenges.mail import absolute
from heldout.site.challenges.models import Announcement, Challenge, Member
from heldout.site.common import audit, jobs, markdown

MAIL_EVERYBODY, MAIL_ANNOUNCEMENT = "mail-everybody", "mail-announcement"
LONGEST_TITLE, LONGEST_TEXT = 120, 20_000
# A feed reader wants what is new; the page has everything.
IN_FEED = 30
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


def announce(
    *, challenge: Challenge, title: str, text: str, mail: bool, by: User, now: datetime
) -> Announcement:
    """Publish an announcement; `mail`: also send it to those who take part and want mail.

    Raises:
        BadInput: It says nothing, or too much.
    """
    require(by, "challenges.edit", challenge)
    title, text = " ".join(title.replace("\0", "").split()), text.replace("\0", "").strip()
    problems = Problems()
    if not 0 < len(title) <= LONGEST_TITLE:
        problems.add("title", f"has to have 1 to {LONGEST_TITLE} letters")
    if not 0 < len(text) <= LONGEST_TEXT:
        problems.add("text", f"has to have 1 to {LONGEST_TEXT:,} letters")
    problems.refuse_if_any()
    with transaction.atomic():
        announcement = Announcement.objects.create(
            challenge=challenge, title=title, text=text, by=by, published_at=now, mailed=mail
        )
        if mail:
            jobs.enqueue(
                MAIL_EVERYBODY,
                key=f"{MAIL_EVERYBODY}:{announcement.pk}",
                payload={"announcement": announcement.pk},
                now=now,
            )
        audit.record(
            "announced", by=by, on=challenge, now=now, announcement=announcement.pk, mail=mail
        )
    return announcement


def enqueue_mails(announcement: Announcement, *, now: datetime) -> None:
    """A job for each person: a worker that dies forgets nobody, and one bad address stops nobody."""
    for user in recipients(announcement.challenge):
        jobs.enqueue(
            MAIL_ANNOUNCEMENT,
            key=f"{MAIL_ANNOUNCEMENT}:{announcement.pk}:{user.pk}",
            payload={"announcement": announcement.pk, "user": user.pk},
            lane=MAIL_ANNOUNCEMENT,
            now=now,
        )


def recipients(challenge: Challenge) -> list[User]:
    """Those who take part, want mail, and whose address is theirs."""
    members = Member.objects.filter(challenge=challenge, wants_mail=True, user__is_active=True)
    return [
        member.user
        for member in members.select_related("user").order_by("pk")
        if may_get_mail(member.user, challenge)
    ]


def may_get_mail(user: User, challenge: Challenge) -> bool:
    confirmed = settings.HELDOUT.email_verification == "none" or is_verified(user)
    return confirmed and user.has_perm("challenges.view", challenge)


def retract(*, announcement: Announcement, by: User, now: datetime) -> None:
    """Take an announcement off the page and the feeds; mails that were sent stay sent."""
    require(by, "challenges.edit", announcement.challenge)
    with transaction.atomic():
        key, title = announcement.pk, announcement.title
        announcement.delete()
        audit.record(
            "announcement retracted",
            by=by,
            on=announcement.challenge,
            now=now,
            announcement=key,
            title=title,
        )


def want_mail(*, challenge: Challenge, user: User, wanted: bool) -> None:
    challenge.members.filter(user=user).update(wants_mail=wanted)


def announcements_for(viewer: Viewer) -> QuerySet[Announcement]:
    """The announcements of all challenges the viewer may see, the newest first."""
    found = Announcement.objects.filter(challenge__in=visible(viewer).values("pk"))
    return found.select_related("challenge", "by")


def feed(
    announcements: Iterable[Announcement], *, title: str, page: str, own: str, since: datetime
) -> str:
    """An Atom feed; `since` is its time while there is nothing in it."""
    atom = _Feed(title=title, link=absolute(page), description="", feed_url=absolute(own))
    atom.since = since
    for one in announcements:
        address = absolute(address_of(one))
        atom.add_item(
            title=one.title,
            link=address,
            description=markdown.render(one.text),
            unique_id=address,
            pubdate=one.published_at,
            updateddate=one.published_at,
            author_name=one.challenge.title,
        )
    return atom.writeString("utf-8")


class _Feed(Atom1Feed):
    since: datetime

    def latest_post_date(self) -> datetime:
        """Not the present: an unchanged feed stays the same."""
        return super().latest_post_date() if self.items else self.since


def address_of(announcement: Announcement) -> str:
    page = reverse("challenges:news", args=[announcement.challenge.slug])
    return f"{page}#a{announcement.pk}"
