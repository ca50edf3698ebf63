from __future__ import annotations

from django.urls import path

from heldout.site.common import views

app_name = "common"
urlpatterns = [
    path("-/patterns", views.patterns, name="patterns"),
    path("favicon.ico", views.favicon),
]
