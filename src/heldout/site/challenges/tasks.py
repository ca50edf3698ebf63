"""What the worker does for a challenge: it sends mails."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from heldout.site.accounts.models import User
from heldout.site.challenges import mail
from heldout.site.challenges.models import Announcement, Invitation, Member
from heldout.site.challenges.news import (
    MAIL_ANNOUNCEMENT,
    MAIL_EVERYBODY,
    address_of,
    enqueue_mails,
    may_get_mail,
)
from heldout.site.challenges.people import MAIL_INVITATION
from heldout.site.common import jobs
from heldout.site.common.handlers import Clock, handles
from heldout.site.common.models import Job


# A mail server that does not answer must not keep the scoring waiting: all of them are `slow`.
@handles(MAIL_EVERYBODY, slow=True)
def mail_everybody(job: Job, clock: Clock) -> None:
    found = Announcement.objects.select_related("challenge__current")
    announcement = found.filter(pk=job.payload["announcement"]).first()
    if announcement:
        enqueue_mails(announcement, now=clock())
    with jobs.finishing(job, now=clock()):
        return


@handles(MAIL_ANNOUNCEMENT, slow=True)
def mail_announcement(job: Job, clock: Clock) -> None:
    """Mail one person, unless the announcement was retracted or is none of theirs any more."""
    found = Announcement.objects.select_related("challenge__current")
    announcement = found.filter(pk=job.payload["announcement"]).first()
    user = User.objects.filter(pk=job.payload["user"], is_active=True).first()
    if announcement and user and _still_wanted(announcement, user):
        challenge = announcement.challenge
        mail.send(
            to=user.email,
            subject=f"{challenge.title}: {announcement.title}",
            page="announcement",
            challenge=challenge,
            announcement=announcement,
            address=mail.absolute(address_of(announcement)),
            stop=mail.absolute(reverse("challenges:news", args=[challenge.slug])),
        )
    with jobs.finishing(job, now=clock()):
        return


def _still_wanted(announcement: Announcement, user: User) -> bool:
    challenge = announcement.challenge
    wants = Member.objects.filter(challenge=challenge, user=user, wants_mail=True).exists()
    return wants and may_get_mail(user, challenge)


@handles(MAIL_INVITATION, slow=True)
def mail_invitation(job: Job, clock: Clock) -> None:
    found = Invitation.objects.select_related("challenge__current")
    invitation = found.filter(pk=job.payload["invitation"]).first()
    if invitation:
        page = reverse("challenges:overview", args=[invitation.challenge.slug])
        mail.send(
            to=invitation.email,
            subject=f"You are invited to {invitation.challenge.title}",
            page="invitation",
            challenge=invitation.challenge,
            email=invitation.email,
            address=mail.absolute(page),
            sign_up=settings.HELDOUT.sign_up == "open",
        )
    with jobs.finishing(job, now=clock()):
        return
