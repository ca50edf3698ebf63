from __future__ import annotations

from django.urls import path

from heldout.site.transfer import views

app_name = "transfer"
_own = "challenges/<slug:slug>/organise/archive/"
urlpatterns = [
    path(_own, views.archives, name="archives"),
    path(f"{_own}<str:archive>", views.fetch, name="archive"),
]
