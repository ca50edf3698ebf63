"""Who organises a challenge, and who is invited to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from heldout.errors import BadInput, Problem
from heldout.site.accounts.models import User
from heldout.site.accounts.services import is_verified, person
from heldout.site.challenges.access import require
from heldout.site.challenges.models import Challenge, Invitation, Organiser, Role
from heldout.site.challenges.permissions import ROLE_ENDED
from heldout.site.common import audit, jobs
from heldout.site.common.problems import Refused

MAIL_INVITATION = "mail-invitation"


def invite(
    *, challenge: Challenge, emails: Iterable[str], by: User, now: datetime, mail: bool = False
) -> int:
    """Let the owners of these addresses in; returns how many are new, who alone get a mail."""
    require(by, "challenges.manage_people", challenge)
    wanted = {email.strip().lower() for email in emails if email.strip()}
    problems = [
        Problem(email, "is not an e-mail address")
        for email in sorted(wanted)
        if not is_email(email)
    ]
    if problems:
        raise BadInput(problems)
    with transaction.atomic():
        known = {email.lower() for email in challenge.invitations.values_list("email", flat=True)}
        new = wanted - known
        made = Invitation.objects.bulk_create(
            Invitation(challenge=challenge, email=email, created_at=now) for email in sorted(new)
        )
        for invitation in made if mail else ():
            jobs.enqueue(
                MAIL_INVITATION,
                key=f"{MAIL_INVITATION}:{invitation.pk}",
                payload={"invitation": invitation.pk},
                lane=MAIL_INVITATION,
                now=now,
            )
        audit.record("people invited", by=by, on=challenge, now=now, count=len(new))
    return len(new)


def is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def add_organiser(
    *, challenge: Challenge, email: str, role: Role, by: User, now: datetime
) -> Organiser:
    """Give a person a role; an account is made for an address without one.

    Raises:
        Refused: The account has not confirmed the address, or competes and would see what the others do.
    """
    require(by, "challenges.manage_people", challenge)
    if not is_email(email):
        raise BadInput([Problem("email", f"{email} is not an e-mail address")])
    with transaction.atomic():
        user = person(email=email)
        problems = [*unconfirmed(user), *_competes(challenge, user, role)]
        if problems:
            raise Refused(problems)
        row, _ = Organiser.objects.update_or_create(
            challenge=challenge, user=user, defaults={"role": role}
        )
        _keep_an_organiser(challenge)
        audit.record("organiser added", by=by, on=challenge, now=now, user=user.pk, role=role)
    return row


def unconfirmed(user: User) -> Iterator[Problem]:
    """Why an address is no proof of who holds the account: anybody may have signed up with it.

    An account nobody has been in yet opens by a mail to the address alone.
    """
    waits = user.last_login is None and not user.has_usable_password()
    if settings.HELDOUT.email_verification != "none" and not (waits or is_verified(user)):
        yield Problem(
            "email",
            f"the account {user} has not confirmed the address {user.email}",
            "have its owner confirm it under Account → E-mail addresses, then try again",
        )


# Who competes must see neither answers nor what others hand in.
SEES = {Role.ANNOTATOR: "annotators see answers", Role.REVIEWER: "reviewers see all submissions"}


def _competes(challenge: Challenge, user: User, role: Role) -> Iterator[Problem]:
    if role in SEES and challenge.members.filter(user=user).exists():
        remedy = "choose somebody who does not compete, or who leaves the team first"
        yield Problem("role", f"{user} takes part, and {SEES[role]}", remedy)


def uninvite(*, invitation: Invitation, by: User, now: datetime) -> None:
    """Take an invitation back; who takes part already goes on taking part."""
    require(by, "challenges.manage_people", invitation.challenge)
    with transaction.atomic():
        invitation.delete()
        audit.record("invitation withdrawn", by=by, on=invitation.challenge, now=now)


def remove_organiser(*, organiser: Organiser, by: User, now: datetime) -> None:
    challenge = organiser.challenge
    require(by, "challenges.manage_people", challenge)
    with transaction.atomic():
        user = organiser.user_id
        organiser.delete()
        _keep_an_organiser(challenge)
        audit.record(ROLE_ENDED, by=by, on=challenge, now=now, user=user)


def _keep_an_organiser(challenge: Challenge) -> None:
    if not challenge.organisers.filter(role=Role.ORGANISER).exists():
        raise Refused(
            [
                Problem(
                    "role", "a challenge needs an organiser", "make somebody else organiser first"
                )
            ]
        )
