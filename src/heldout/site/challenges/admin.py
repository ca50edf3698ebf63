from __future__ import annotations

from django.contrib import admin

from heldout.site.challenges.models import Challenge
from heldout.site.common.admin import ReadOnly


@admin.register(Challenge)
class ChallengeAdmin(ReadOnly):
    list_display = ("slug", "title", "visibility", "published_at")
    search_fields = ("slug", "title")
