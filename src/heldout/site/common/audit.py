from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Model, QuerySet

from heldout.site.common.models import AuditEntry


def record(
    action: str, *, by: AbstractBaseUser | None, on: Model | str, now: datetime, **details: Any
) -> AuditEntry:
    """Write down who did what; call it inside the transaction that does it."""
    return AuditEntry.objects.create(
        at=now,
        actor_id=by.pk if by else None,
        action=action,
        subject=subject(on),
        details=details,
    )


def entries(on: Model | str) -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(subject=subject(on)).select_related("actor").order_by("-id")


def subject(on: Model | str) -> str:
    return on if isinstance(on, str) else f"{on._meta.model_name}:{on.pk}"
