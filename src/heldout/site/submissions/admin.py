from __future__ import annotations

from django.contrib import admin

from heldout.site.common.admin import ReadOnly
from heldout.site.submissions.models import Submission


@admin.register(Submission)
class SubmissionAdmin(ReadOnly):
    list_display = ("id", "phase", "entrant", "status", "created_at")
    list_filter = ("status",)
    search_fields = ("id", "sha256", "entrant__name")
