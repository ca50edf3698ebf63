from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.db import transaction

from heldout.site.accounts.models import ApiToken, Scope, SignInLink, User
from heldout.site.common import audit
from heldout.site.common.prepared import Given, Prepared

TOKEN_PREFIX = "hld_"  # noqa: S105
LINK_LIFETIME = timedelta(hours=1)
# A token's last use is kept to the minute, so that reading does not write each time.
USE_RESOLUTION = timedelta(minutes=1)
VALID_TOKEN = Prepared(
    lambda: (
        ApiToken.objects.select_related("user")
        .filter(digest=Given("digest"), revoked_at=None, user__is_active=True)
        .exclude(expires_at__lte=Given("now"))
    )
)


def digest(secret: str) -> str:
    """Hash a random secret; being long and random it needs no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def create_user(
    *,
    email: str,
    handle: str = "",
    password: str | None = None,
    verified: bool = False,
    name: str = "",
    may_organise: bool = False,
) -> User:
    """Make an account; without a password its owner gets in by reset or by a sign-in link."""
    with transaction.atomic():
        user = User.objects.create_user(
            email,
            password,
            handle=handle or free_handle(email),
            name=name,
            may_organise=may_organise,
        )
        EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=verified)
    return user


def person(*, email: str) -> User:
    """The account with this address; one is made if its owner has not signed up yet."""
    return User.objects.filter(email__iexact=email).first() or create_user(email=email)


def free_handle(email: str) -> str:
    """A public name nobody has, which tells no more of the address than the part before the @."""
    base = re.sub(r"[^A-Za-z0-9_-]+", "-", email.partition("@")[0]).strip("-_")[:30]
    base = base if len(base) >= 2 else "person"
    taken = {
        handle.lower()
        for handle in User.objects.filter(handle__istartswith=base).values_list("handle", flat=True)
    }
    numbered = (f"{base}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in [base, *numbered] if name.lower() not in taken)


def is_verified(user: User) -> bool:
    """Whether the person has shown that the address is theirs."""
    own = EmailAddress.objects.filter(email__iexact=user.email, user=user, verified=True)
    return bool(own.exists())


def create_token(
    *,
    user: User,
    name: str,
    now: datetime,
    scope: Scope = Scope.ORGANISE,
    lifetime: timedelta | None = None,
) -> tuple[ApiToken, str]:
    """Make an API token; the second value is the secret, which cannot be shown again."""
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        token = ApiToken.objects.create(
            user=user,
            name=name[:80],
            prefix=secret[:10],
            digest=digest(secret),
            scope=scope,
            created_at=now,
            expires_at=now + lifetime if lifetime else None,
        )
        audit.record(
            "token created", by=user, on=user, now=now, token=token.prefix, scope=scope.value
        )
    return token, secret


def revoke_token(*, token: ApiToken, by: User, now: datetime) -> None:
    with transaction.atomic():
        if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
            audit.record("token revoked", by=by, on=token.user, now=now, token=token.prefix)


def user_of_token(secret: str, *, now: datetime) -> ApiToken | None:
    """The valid token with this secret, its use noted."""
    token = VALID_TOKEN.first(digest=digest(secret), now=now)
    if token and (token.last_used_at is None or now - token.last_used_at > USE_RESOLUTION):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def reader_of_feed(secret: str, *, now: datetime) -> User | None:
    """Whose feed an address with this token is.

    A token that may do more is none here: addresses end up in the logs of others.
    """
    token = user_of_token(secret, now=now)
    return token.user if token and token.scope == Scope.FEED else None


def create_sign_in_link(*, user: User, now: datetime, lifetime: timedelta = LINK_LIFETIME) -> str:
    """Make a secret that signs the user in once; the page is `/accounts/link/<secret>/`."""
    secret = secrets.token_urlsafe(32)
    SignInLink.objects.create(
        user=user, digest=digest(secret), created_at=now, expires_at=now + lifetime
    )
    return secret


def peek_sign_in_link(secret: str, *, now: datetime) -> User | None:
    """Whom a link would sign in; does not use it up (mail scanners open links too)."""
    link = (
        SignInLink.objects.select_related("user")
        .filter(digest=digest(secret), used_at=None, expires_at__gt=now, user__is_active=True)
        .first()
    )
    return link.user if link else None


def use_sign_in_link(secret: str, *, now: datetime) -> User | None:
    """Use up a link: the user it signs in, or None if it is unknown, used or too old."""
    with transaction.atomic():
        user = peek_sign_in_link(secret, now=now)
        if user is None:
            return None
        unused = SignInLink.objects.filter(digest=digest(secret), used_at=None)
        if not unused.update(used_at=now):
            return None
        # Whoever holds the link was given it by the site's own machine or mail.
        audit.record("signed in by link", by=user, on=user, now=now)
    return user


def edit_profile(*, user: User, handle: str, name: str, now: datetime) -> User:
    """Change what others see of a person."""
    with transaction.atomic():
        changes = {"handle": [user.handle, handle]} if handle != user.handle else {}
        User.objects.filter(pk=user.pk).update(handle=handle, name=name)
        audit.record("profile edited", by=user, on=user, now=now, **changes)
    user.refresh_from_db()
    return user
