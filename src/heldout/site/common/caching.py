"""The site's cache: each process's own memory, except for what must hold across processes."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache
from django.utils import timezone

# How often somebody tried to sign in, and which codes of second factors are used up.
SHARED = "allauth"
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


class SiteCache(LocMemCache):
    """Rendered pages stay in memory; allauth's counts and locks are rows that all processes share.

    A person who meets another web process with each try, or a process that has just begun, must not
    get a limit of tries anew. Rows hold JSON under a hash: addresses of people are not kept.
    """

    def add(
        self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: Any = None
    ) -> bool:
        if not key.startswith(SHARED):
            return super().add(key, value, timeout, version)
        rows, now = _rows(), timezone.now()
        rows.filter(expires_at__lte=now).delete()
        defaults = {"value": value, "expires_at": self._ends(timeout, now)}
        return bool(rows.get_or_create(key=_hashed(key), defaults=defaults)[1])

    def get(self, key: str, default: Any = None, version: Any = None) -> Any:
        if not key.startswith(SHARED):
            return super().get(key, default, version)
        living = _rows().filter(key=_hashed(key), expires_at__gt=timezone.now())
        found = living.values_list("value", flat=True).first()
        return default if found is None else found

    def set(
        self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: Any = None
    ) -> None:
        if not key.startswith(SHARED):
            super().set(key, value, timeout, version)
            return
        defaults = {"value": value, "expires_at": self._ends(timeout, timezone.now())}
        _rows().update_or_create(key=_hashed(key), defaults=defaults)

    def delete(self, key: str, version: Any = None) -> bool:
        if not key.startswith(SHARED):
            return super().delete(key, version)
        return bool(_rows().filter(key=_hashed(key)).delete()[0])

    def clear(self) -> None:
        super().clear()
        _rows().all().delete()

    def _ends(self, timeout: float | None, now: datetime) -> datetime:
        seconds = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        return NEVER if seconds is None else now + timedelta(seconds=seconds)


def _rows() -> Any:
    # Django makes its caches before there are models.
    from heldout.site.common.models import Remembered

    return Remembered.objects


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
