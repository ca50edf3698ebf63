from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from ninja import Router, Schema

from heldout.site.accounts.models import ApiToken
from heldout.site.accounts.security import SIGNED_IN
from heldout.site.common.schemas import Problems

router = Router(tags=["Account"], auth=SIGNED_IN)


class TokenOut(Schema):
    name: str
    prefix: str
    scope: str
    created_at: datetime
    expires_at: datetime | None


class AccountOut(Schema):
    handle: str
    name: str
    email: str
    may_organise: bool
    token: TokenOut | None


@router.get("/account", response={200: AccountOut, 401: Problems}, url_name="account")
def account(request: HttpRequest) -> AccountOut:
    """Who the token (or the session) belongs to."""
    user = request.auth  # type: ignore[attr-defined]
    token: ApiToken | None = getattr(request, "api_token", None)
    return AccountOut(
        handle=user.handle,
        name=user.name,
        email=user.email,
        may_organise=user.has_perm("challenges.create"),
        token=TokenOut.from_orm(token) if token else None,
    )
