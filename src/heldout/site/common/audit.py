from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Model, QuerySet

from heldout.site.common.models import AuditEntry

if TYPE_CHECKING:
    from heldout.site.accounts.models import User


def record(
    action: str, *, by: User | None, on: Model | str, now: datetime, **details: Any
) -> AuditEntry:
    """Write down who did what; call it inside the transaction that does it."""
    return AuditEntry.objects.create(
        at=now, actor=by, action=action, subject=subject(on), details=details
    )


def entries(on: Model | str) -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(subject=subject(on)).select_related("actor").order_by("-id")


def subject(on: Model | str) -> str:
    return on if isinstance(on, str) else f"{on._meta.model_name}:{on.pk}"
