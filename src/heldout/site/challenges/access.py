"""Who sees which challenge, and as whom a person takes part."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet

from heldout.site.accounts.models import User
from heldout.site.accounts.services import is_verified
from heldout.site.challenges.models import (
    Challenge,
    Entrant,
    Invitation,
    Member,
    Organiser,
    TermsAcceptance,
    Visibility,
)
from heldout.site.common.prepared import Given, Prepared

Viewer = User | AnonymousUser
ENTRANT = Prepared(
    lambda: Entrant.objects.filter(challenge=Given("challenge"), members__user=Given("user"))
)
ACCEPTANCES = Prepared(
    lambda: TermsAcceptance.objects.filter(
        challenge=Given("challenge"), user=Given("user"), terms_digest=Given("digest")
    ).values_list("pk", flat=True)
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
    return ENTRANT.first(challenge=challenge.pk, user=user.pk)


def has_accepted_terms(challenge: Challenge, user: Viewer) -> bool:
    """Whether the person accepted the terms as they are now; true where there are none."""
    digest = challenge.revision.terms_digest
    if not digest or not user.is_authenticated:
        return not digest
    return bool(ACCEPTANCES.all(challenge=challenge.pk, user=user.pk, digest=digest))
