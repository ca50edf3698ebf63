from __future__ import annotations

from django.contrib import admin

from heldout.site.accounts.models import User


@admin.register(User)
class UserAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic for the type checker only
    list_display = ("handle", "email", "name", "may_organise", "is_staff", "is_active")
    list_filter = ("may_organise", "is_staff", "is_active")
    search_fields = ("handle", "email", "name")
    fields = ("handle", "email", "name", "may_organise", "is_staff", "is_active")
