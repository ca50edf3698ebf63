from __future__ import annotations

from django.urls import path

from heldout.site.challenges import organising, views

app_name = "challenges"
_own = "challenges/<slug:slug>/"
urlpatterns = [
    path("", views.listing, name="list"),
    path("new/", organising.new, name="new"),
    path(_own, views.overview, name="overview"),
    path(f"{_own}data/", views.data, name="data"),
    path(f"{_own}data/media/<int:revision_id>/<path:name>", views.media, name="media"),
    path(f"{_own}rules/", views.rules, name="rules"),
    path(f"{_own}organise/", organising.organise, name="organise"),
    path(f"{_own}organise/phases/<slug:key>/", organising.edit_phase, name="edit-phase"),
    path(f"{_own}organise/people/", organising.people, name="people"),
    path(
        f"{_own}organise/people/<int:organiser_id>/remove/",
        organising.remove_organiser,
        name="remove-organiser",
    ),
    path(f"{_own}organise/revision/", organising.new_revision, name="new-revision"),
]
