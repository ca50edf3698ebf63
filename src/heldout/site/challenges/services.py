from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F, Q, QuerySet

from heldout.errors import BadInput, Problem, Problems
from heldout.site.accounts.models import User
from heldout.site.accounts.services import is_verified, person
from heldout.site.challenges.models import (
    Audience,
    Challenge,
    Entrant,
    Invitation,
    Member,
    Organiser,
    Phase,
    Reveal,
    Role,
    TermsAcceptance,
    Visibility,
)
from heldout.site.common import audit
from heldout.site.common.problems import Refused

Viewer = User | AnonymousUser

EDITABLE = (
    "title",
    "opens",
    "closes",
    "freezes",
    "per_day",
    "per_week",
    "in_total",
    "leaderboard",
    "reveal",
    "final",
)


def visible(viewer: Viewer) -> QuerySet[Challenge]:
    """The challenges this person may see, the newest first; agrees with `challenges.view`."""
    everything = Challenge.objects.order_by("-published_at", "-id").select_related("current")
    public = Q(visibility=Visibility.PUBLIC)
    if not viewer.is_authenticated:
        return everything.filter(public)
    if viewer.is_superuser:
        return everything
    mine = Q(pk__in=Organiser.objects.filter(user=viewer).values("challenge"))
    return everything.filter(public | mine | Q(visibility=Visibility.INVITED) & _invited(viewer))


def _invited(viewer: User) -> Q:
    taking_part = Q(pk__in=Member.objects.filter(user=viewer).values("challenge"))
    if settings.HELDOUT.email_verification != "none" and not is_verified(viewer):
        return taking_part
    invited = Invitation.objects.filter(email__iexact=viewer.email)
    return taking_part | Q(pk__in=invited.values("challenge"))


def require(viewer: Viewer, permission: str, on: Any = None) -> None:
    """Refuse what a person may not do, with the same words for every verb."""
    if not viewer.has_perm(permission, on):
        raise PermissionDenied("You are not allowed to do this.")


def entrant_of(challenge: Challenge, user: Viewer) -> Entrant | None:
    """As whom the person takes part, if at all."""
    if not user.is_authenticated:
        return None
    return Entrant.objects.filter(challenge=challenge, members__user=user).first()


def has_accepted_terms(challenge: Challenge, user: Viewer) -> bool:
    """Whether the person accepted the terms as they are now; true where there are none."""
    digest = challenge.revision.terms_digest
    if not digest or not user.is_authenticated:
        return not digest
    return TermsAcceptance.objects.filter(
        challenge=challenge, user=user, terms_digest=digest
    ).exists()


def accept_terms(*, challenge: Challenge, user: User, terms_digest: str, now: datetime) -> None:
    """Record that the person accepted the terms they were shown."""
    if terms_digest != challenge.revision.terms_digest:
        raise Refused(
            [Problem("terms", "the terms have changed meanwhile", "read them again and accept")]
        )
    with transaction.atomic():
        _, new = TermsAcceptance.objects.get_or_create(
            challenge=challenge,
            user=user,
            terms_digest=terms_digest,
            defaults={"accepted_at": now},
        )
        if new:
            audit.record("terms accepted", by=user, on=challenge, now=now, digest=terms_digest)


def join(*, challenge: Challenge, user: User, now: datetime) -> Entrant:
    """Enter a challenge as oneself; joining twice changes nothing."""
    existing = entrant_of(challenge, user)
    if existing is not None:
        return existing
    require(user, "challenges.join", challenge)
    with transaction.atomic():
        # Locks the challenge, so that one person's two clicks do not race.
        Challenge.objects.select_for_update().get(pk=challenge.pk)
        existing = entrant_of(challenge, user)
        if existing is not None:
            return existing
        entrant = Entrant.objects.create(
            challenge=challenge, name=_free_name(challenge, user.handle), created_at=now
        )
        Member.objects.create(challenge=challenge, entrant=entrant, user=user, joined_at=now)
        audit.record("joined", by=user, on=challenge, now=now, entrant=entrant.pk)
    return entrant


def _free_name(challenge: Challenge, wanted: str) -> str:
    taken = {name.lower() for name in challenge.entrants.values_list("name", flat=True)}
    numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in [wanted, *numbered] if name.lower() not in taken)


def edit_phase(*, phase: Phase, by: User, now: datetime, **changes: Any) -> Phase:
    """Change times, limits, audience or what is revealed.

    `changes` holds fields of `EDITABLE`. Lowering a limit below what was used closes intake for
    those who used it up; nothing is taken back.

    Raises:
        BadInput: All values that do not fit.
    """
    require(by, "challenges.edit", phase.challenge)
    unknown = changes.keys() - set(EDITABLE)
    if unknown:
        raise TypeError(f"not editable: {', '.join(sorted(unknown))}")
    before = {name: getattr(phase, name) for name in changes}
    for name, value in changes.items():
        setattr(phase, name, value)
    _check_phase(phase)
    with transaction.atomic():
        phase.save(update_fields=[*changes])
        touch_board(phase)
        audit.record(
            "phase edited",
            by=by,
            on=phase,
            now=now,
            changes={
                name: [str(before[name]), str(value)]
                for name, value in changes.items()
                if before[name] != value
            },
        )
    return phase


def _check_phase(phase: Phase) -> None:
    problems = Problems()
    if phase.closes <= phase.opens:
        problems.add("closes", "the phase would close before it opens", "choose a later time")
    if phase.freezes and not phase.opens <= phase.freezes <= phase.closes:
        problems.add("freezes", "is not between opening and closing", "choose a time between them")
    for name in ("per_day", "per_week", "in_total"):
        value = getattr(phase, name)
        if value is not None and value < 1:
            problems.add(name, f"{value} is not a limit", "write at least 1, or nothing")
    if phase.leaderboard not in Audience.values:
        problems.add("leaderboard", "is no audience", f"choose one of {', '.join(Audience.values)}")
    for item in set(phase.reveal) - set(Reveal.values):
        problems.add("reveal", f'"{item}" cannot be revealed')
    if phase.reveal and Reveal.SCORE not in phase.reveal:
        problems.add(
            "reveal", "shows details without the score", "reveal the score too, or nothing"
        )
    problems.refuse_if_any()


def touch_board(phase: Phase) -> None:
    """Say that the leaderboard may have changed; whoever calls this also has it computed."""
    Phase.objects.filter(pk=phase.pk).update(board_version=F("board_version") + 1)


def set_visibility(
    *, challenge: Challenge, visibility: Visibility, by: User, now: datetime
) -> None:
    require(by, "challenges.edit", challenge)
    with transaction.atomic():
        challenge.visibility = Visibility(visibility)
        challenge.save(update_fields=["visibility"])
        audit.record(
            "visibility set", by=by, on=challenge, now=now, visibility=challenge.visibility
        )


def invite(*, challenge: Challenge, emails: Iterable[str], by: User, now: datetime) -> int:
    """Let the owners of these addresses in; returns how many are new."""
    require(by, "challenges.manage_people", challenge)
    wanted = {email.strip().lower() for email in emails if email.strip()}
    problems = [
        Problem(email, "is not an e-mail address")
        for email in sorted(wanted)
        if not _is_email(email)
    ]
    if problems:
        raise BadInput(problems)
    with transaction.atomic():
        known = {email.lower() for email in challenge.invitations.values_list("email", flat=True)}
        new = wanted - known
        Invitation.objects.bulk_create(
            Invitation(challenge=challenge, email=email, created_at=now) for email in sorted(new)
        )
        audit.record("people invited", by=by, on=challenge, now=now, count=len(new))
    return len(new)


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def add_organiser(
    *, challenge: Challenge, email: str, role: Role, by: User, now: datetime
) -> Organiser:
    """Give a person a role; an account is made for an address without one."""
    require(by, "challenges.manage_people", challenge)
    if not _is_email(email):
        raise BadInput([Problem("email", f"{email} is not an e-mail address")])
    with transaction.atomic():
        user = person(email=email)
        row, _ = Organiser.objects.update_or_create(
            challenge=challenge, user=user, defaults={"role": role}
        )
        _keep_an_organiser(challenge)
        audit.record("organiser added", by=by, on=challenge, now=now, user=user.pk, role=role)
    return row


def remove_organiser(*, organiser: Organiser, by: User, now: datetime) -> None:
    challenge = organiser.challenge
    require(by, "challenges.manage_people", challenge)
    with transaction.atomic():
        user = organiser.user_id
        organiser.delete()
        _keep_an_organiser(challenge)
        audit.record("organiser removed", by=by, on=challenge, now=now, user=user)


def _keep_an_organiser(challenge: Challenge) -> None:
    if not challenge.organisers.filter(role=Role.ORGANISER).exists():
        raise Refused(
            [
                Problem(
                    "role", "a challenge needs an organiser", "make somebody else organiser first"
                )
            ]
        )
