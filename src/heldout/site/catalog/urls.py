from __future__ import annotations

from django.urls import path

from heldout.site.catalog import comparing, listing, places, selection, trees, uploading, views

app_name = "catalog"
_own = "data/<slug:slug>/"
urlpatterns = [
    path("data/", listing.listing, name="list"),
    path("data/add/", uploading.add, name="add"),
    path(_own, views.browse, name="browse"),
    path(f"{_own}item/", views.item, name="item"),
    path(f"{_own}values/", views.values, name="values"),
    path(f"{_own}classes/", trees.classes, name="classes"),
    path(f"{_own}map/", places.world, name="map"),
    path(f"{_own}compare/", comparing.compare, name="compare"),
    path(f"{_own}about/", views.about, name="about"),
    path(f"{_own}edit/", uploading.edit, name="edit"),
    path(f"{_own}selection/", selection.selection, name="selection"),
    path(f"{_own}files/<path:name>", views.file, name="file"),
    path(f"{_own}media/<int:revision_id>/<path:name>", views.media, name="media"),
    path(f"{_own}thumbnails/<int:revision_id>/<path:name>", views.thumbnail, name="thumbnail"),
]
