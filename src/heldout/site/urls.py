from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from heldout.site.api import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.urls),
    path("admin/", admin.site.urls),
    path("", include("heldout.site.accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("", include("heldout.site.common.urls")),
    path("", include("heldout.site.planner.urls")),
    path("", include("heldout.site.catalog.urls")),
    path("", include("heldout.site.challenges.urls")),
    path("", include("heldout.site.submissions.urls")),
    path("", include("heldout.site.transfer.urls")),
    path("", include("heldout.site.webhooks.urls")),
]
