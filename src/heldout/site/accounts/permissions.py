from __future__ import annotations

from typing import Any

import rules
from django.conf import settings

from heldout.site.accounts.models import ApiToken, User


@rules.predicate
def is_signed_in(user: Any) -> bool:
    return bool(user.is_authenticated and user.is_active)


@rules.predicate
def is_staff(user: Any) -> bool:
    return bool(user.is_authenticated and user.is_active and user.is_staff)


@rules.predicate
def may_organise(user: Any) -> bool:
    return bool(
        user.is_authenticated and (user.may_organise or settings.HELDOUT.organising == "everybody")
    )


@rules.predicate
def owns_token(user: User, token: ApiToken | None) -> bool:
    return token is not None and token.user_id == user.pk


rules.add_perm("accounts.revoke_token", is_signed_in & owns_token)
