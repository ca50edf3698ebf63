from __future__ import annotations

from typing import Annotated

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import ConfigDict, Field, StringConstraints

from heldout.site.accounts.security import SIGNED_IN
from heldout.site.challenges import services
from heldout.site.challenges.api import asked
from heldout.site.challenges.models import Challenge, Organiser, Role, Visibility
from heldout.site.common.schemas import REFUSED

router = Router(tags=["People"])
PEOPLE = "/challenges/{slug}/people"
MANAGE = "challenges.manage_people"
Address = Annotated[str, StringConstraints(max_length=254, pattern=r"^[^\x00-\x1f\x7f]*$")]


class OrganiserOut(Schema):
    handle: str
    email: str
    role: str


class PeopleOut(Schema):
    visibility: str
    organisers: list[OrganiserOut]
    invitations: list[str]


class OrganiserIn(Schema):
    model_config = ConfigDict(extra="forbid")

    email: Address
    role: Role


class InvitationsIn(Schema):
    """`mail`: also tell those who are new."""

    model_config = ConfigDict(extra="forbid")

    emails: list[Address] = Field(max_length=1000)
    mail: bool = False


class AddressIn(Schema):
    model_config = ConfigDict(extra="forbid")

    email: Address


class VisibilityIn(Schema):
    model_config = ConfigDict(extra="forbid")

    visibility: Visibility


@router.get(PEOPLE, response={200: PeopleOut, **REFUSED}, auth=SIGNED_IN, url_name="people")
def get_people(request: HttpRequest, slug: str) -> PeopleOut:
    """Who runs the challenge and who is invited; for its organisers."""
    return _people(asked(request, slug, MANAGE)[0])


@router.put(
    "/challenges/{slug}/visibility",
    response={200: PeopleOut, **REFUSED},
    auth=SIGNED_IN,
    url_name="visibility",
)
def set_visibility(request: HttpRequest, slug: str, given: VisibilityIn) -> PeopleOut:
    """Say who sees the challenge."""
    challenge, by = asked(request, slug, MANAGE)
    services.set_visibility(
        challenge=challenge, visibility=given.visibility, by=by, now=timezone.now()
    )
    return _people(challenge)


@router.put(
    f"{PEOPLE}/organisers",
    response={200: PeopleOut, **REFUSED},
    auth=SIGNED_IN,
    url_name="add-organiser",
)
def add_organiser(request: HttpRequest, slug: str, given: OrganiserIn) -> PeopleOut:
    """Give a person a role; an account is made for an address without one."""
    challenge, by = asked(request, slug, MANAGE)
    services.add_organiser(
        challenge=challenge, email=given.email, role=given.role, by=by, now=timezone.now()
    )
    return _people(challenge)


@router.delete(
    f"{PEOPLE}/organisers/{{handle}}",
    response={204: None, **REFUSED},
    auth=SIGNED_IN,
    url_name="remove-organiser",
)
def remove_organiser(request: HttpRequest, slug: str, handle: str) -> Status[None]:
    """Take a person's role away."""
    challenge, by = asked(request, slug, MANAGE)
    rows = challenge.organisers.select_related("user", "challenge")
    found = {row.user.handle.lower(): row for row in rows}.get(handle.lower())
    if found is None:
        raise Http404("Nobody of this name has a role here.")
    services.remove_organiser(organiser=found, by=by, now=timezone.now())
    return Status(204, None)


@router.post(
    f"{PEOPLE}/invitations",
    response={200: PeopleOut, **REFUSED},
    auth=SIGNED_IN,
    url_name="invite",
)
def invite(request: HttpRequest, slug: str, given: InvitationsIn) -> PeopleOut:
    """Let the owners of these addresses in."""
    challenge, by = asked(request, slug, MANAGE)
    services.invite(
        challenge=challenge, emails=given.emails, by=by, now=timezone.now(), mail=given.mail
    )
    return _people(challenge)


@router.post(
    f"{PEOPLE}/invitations/withdraw",
    response={200: PeopleOut, **REFUSED},
    auth=SIGNED_IN,
    url_name="uninvite",
)
def uninvite(request: HttpRequest, slug: str, given: AddressIn) -> PeopleOut:
    """Take an invitation back."""
    challenge, by = asked(request, slug, MANAGE)
    found = challenge.invitations.filter(email__iexact=given.email).first()
    if found is None:
        raise Http404("This address is not invited.")
    services.uninvite(invitation=found, by=by, now=timezone.now())
    return _people(challenge)


def _people(challenge: Challenge) -> PeopleOut:
    rows = Organiser.objects.filter(challenge=challenge).select_related("user").order_by("pk")
    return PeopleOut(
        visibility=challenge.visibility,
        organisers=[
            OrganiserOut(handle=row.user.handle, email=row.user.email, role=row.role)
            for row in rows
        ],
        invitations=list(challenge.invitations.order_by("email").values_list("email", flat=True)),
    )
