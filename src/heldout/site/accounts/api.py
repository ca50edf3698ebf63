from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import ConfigDict

from heldout.site.accounts import services
from heldout.site.accounts.forms import ProfileForm
from heldout.site.accounts.models import ApiToken, User
from heldout.site.accounts.security import SIGNED_IN, caller
from heldout.site.common.problems import check_form
from heldout.site.common.schemas import REFUSED, RowId

router = Router(tags=["Account"], auth=SIGNED_IN)


class TokenOut(Schema):
    id: int
    name: str
    prefix: str
    scope: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class AccountOut(Schema):
    """`token` is the one that asks; null in a browser's session."""

    handle: str
    name: str
    email: str
    may_organise: bool
    token: TokenOut | None


class ProfileIn(Schema):
    """Only what is given is changed."""

    model_config = ConfigDict(extra="forbid")

    handle: str = ""
    name: str = ""


@router.get("/account", response={200: AccountOut, **REFUSED}, url_name="account")
def get_account(request: HttpRequest) -> AccountOut:
    """Who the token (or the session) belongs to."""
    return _account(request, caller(request))


@router.patch("/account", response={200: AccountOut, **REFUSED}, url_name="edit-account")
def edit_account(request: HttpRequest, given: ProfileIn) -> AccountOut:
    """Change what others see of the caller."""
    user = caller(request)
    changed: dict[str, Any] = {"handle": user.handle, "name": user.name}
    changed |= given.model_dump(exclude_unset=True)
    # Validation writes into the instance, so it gets one of its own.
    wanted = check_form(ProfileForm(changed, instance=User.objects.get(pk=user.pk)))
    return _account(request, services.edit_profile(user=user, now=timezone.now(), **wanted))


@router.get("/account/tokens", response={200: list[TokenOut], **REFUSED}, url_name="tokens")
def list_tokens(request: HttpRequest) -> list[TokenOut]:
    """The caller's tokens that work, the newest first. New ones are made on the account page."""
    found = caller(request).api_tokens.filter(revoked_at=None).order_by("-created_at", "-pk")
    return [TokenOut.from_orm(one) for one in found]


@router.delete("/account/tokens/{token}", response={204: None, **REFUSED}, url_name="revoke-token")
def revoke_token(request: HttpRequest, token: RowId) -> Status[None]:
    """Let a token work no more."""
    user = caller(request)
    found = user.api_tokens.filter(pk=token, revoked_at=None).first()
    if found is None:
        raise Http404("There is no such token.")
    services.revoke_token(token=found, by=user, now=timezone.now())
    return Status(204, None)


def _account(request: HttpRequest, user: User) -> AccountOut:
    token: ApiToken | None = getattr(request, "api_token", None)
    return AccountOut(
        handle=user.handle,
        name=user.name,
        email=user.email,
        may_organise=user.has_perm("challenges.create"),
        token=TokenOut.from_orm(token) if token else None,
    )
