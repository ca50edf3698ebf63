from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from heldout.site.common.models import AuditEntry, Job


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]  # generic for the type checker only
    """To look at; what changes it are the site's own verbs."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Job)
class JobAdmin(ReadOnly):
    list_display = ("key", "attempt", "state", "owner", "created_at", "finished_at")
    list_filter = ("state", "kind")
    search_fields = ("key", "error")


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly):
    list_display = ("at", "actor", "action", "subject")
    list_filter = ("action",)
    search_fields = ("subject",)
