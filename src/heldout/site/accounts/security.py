"""How a caller of the API says who they are: a token, or the browser's session."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils import timezone
from ninja.errors import AuthenticationError, HttpError
from ninja.security import APIKeyCookie, HttpBearer

from heldout.site.accounts.models import Scope, User
from heldout.site.accounts.services import user_of_token


class Token(HttpBearer):
    """`Authorization: Bearer hld_…`; a wrong token is refused even where none is needed.

    Reading needs the scope `read`, everything else `scope`.
    """

    def __init__(self, scope: Scope = Scope.ORGANISE) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> Any:
        found = super().__call__(request)
        if found is None and request.headers.get("Authorization"):
            raise AuthenticationError
        return found

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        found = user_of_token(token, now=timezone.now())
        if found is None:
            return None
        needed = Scope.READ if request.method in SAFE else self.scope
        if not Scope(found.scope).includes(needed):
            raise HttpError(
                403, f"this token may not do this: its scope is {found.scope}, not {needed}"
            )
        request.user = found.user
        request.api_token = found  # type: ignore[attr-defined]
        return found.user


class Session(APIKeyCookie):
    """The browser's session; anything that changes something needs the CSRF token too."""

    param_name = settings.SESSION_COOKIE_NAME

    def _get_key(self, request: HttpRequest) -> str | None:
        if not request.user.is_authenticated:
            return None
        return super()._get_key(request)

    def authenticate(self, request: HttpRequest, key: str | None) -> User | None:
        return request.user if isinstance(request.user, User) else None


def may(request: HttpRequest, scope: Scope) -> bool:
    """Whether what this caller came with includes the scope; a session may do all its owner may."""
    token = getattr(request, "api_token", None)
    return token is None or Scope(token.scope).includes(scope)


def caller(request: HttpRequest) -> User:
    """Who asks, where nobody unknown may."""
    return request.auth  # type: ignore[attr-defined, no-any-return]


def anybody(request: HttpRequest) -> User | AnonymousUser:
    return request.user


SAFE = ("GET", "HEAD", "OPTIONS")
SIGNED_IN = [Token(), Session()]
# For what participants do: a token need not be able to organise.
TAKING_PART = [Token(Scope.SUBMIT), Session()]
ANYBODY = [*SIGNED_IN, anybody]
