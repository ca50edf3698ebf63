"""How a caller of the API says who they are: a token, or the browser's session."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils import timezone
from ninja.errors import AuthenticationError
from ninja.security import APIKeyCookie, HttpBearer

from heldout.site.accounts.models import User
from heldout.site.accounts.services import user_of_token


class Token(HttpBearer):
    """`Authorization: Bearer hld_…`; a wrong token is refused even where none is needed."""

    def __call__(self, request: HttpRequest) -> Any:
        found = super().__call__(request)
        if found is None and request.headers.get("Authorization"):
            raise AuthenticationError
        return found

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        found = user_of_token(token, now=timezone.now())
        if found is None:
            return None
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


def anybody(request: HttpRequest) -> User | AnonymousUser:
    return request.user


SIGNED_IN = [Token(), Session()]
ANYBODY = [*SIGNED_IN, anybody]
