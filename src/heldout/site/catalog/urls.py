from __future__ import annotations

from django.urls import path

from heldout.site.catalog import (
    comparing,
    datasheet_views,
    documents_views,
    leaks_views,
    listing,
    places,
    selection,
    statistics_views,
    trees,
    uploading,
    views,
    visibility_views,
)

app_name = "catalog"
_own = "data/<slug:slug>/"
urlpatterns = [
    path("data/", listing.listing, name="list"),
    path("data/add/", uploading.add, name="add"),
    path("data/uploads/<int:pk>/", uploading.intake, name="intake"),
    path("data/uploads/<int:pk>/retry/", uploading.retry, name="intake-retry"),
    path("data/uploads/<int:pk>/remove/", uploading.remove, name="intake-remove"),
    path(_own, views.browse, name="browse"),
    path(f"{_own}item/", views.item, name="item"),
    path(f"{_own}values/", views.values, name="values"),
    path(f"{_own}classes/", trees.classes, name="classes"),
    path(f"{_own}map/", places.world, name="map"),
    path(f"{_own}compare/", comparing.compare, name="compare"),
    path(f"{_own}statistics/", statistics_views.statistics, name="statistics"),
    path(f"{_own}statistics/<int:number>.<slug:kind>", statistics_views.table, name="statistic"),
    path(f"{_own}leaks/", leaks_views.page, name="leaks"),
    path(f"{_own}leaks/judge/", leaks_views.judge, name="leaks-judge"),
    path(f"{_own}leaks/pairs.csv", leaks_views.export, name="leaks-csv"),
    path(f"{_own}about/", views.about, name="about"),
    path(f"{_own}datasheet/", datasheet_views.read, name="datasheet"),
    path(f"{_own}datasheet/import/", datasheet_views.bring, name="datasheet-import"),
    path(f"{_own}datasheet/no-people/", datasheet_views.no_people, name="datasheet-no-people"),
    path(f"{_own}datasheet/<slug:section>/", datasheet_views.section, name="datasheet-section"),
    path(f"{_own}documents/", documents_views.documents, name="documents"),
    path(f"{_own}documents/release/", documents_views.release, name="release"),
    path(f"{_own}documents/release/<int:pk>/", documents_views.bundle, name="bundle"),
    path(
        f"{_own}documents/<int:revision_id>/<path:name>", documents_views.document, name="document"
    ),
    path(f"{_own}visibility/", visibility_views.visibility, name="visibility"),
    path(f"{_own}visibility/look/", visibility_views.look, name="look"),
    path(f"{_own}visibility/share/", visibility_views.share, name="share"),
    path(f"{_own}visibility/unshare/<int:pk>/", visibility_views.unshare, name="unshare"),
    path(f"{_own}revise/", uploading.revise, name="revise"),
    path(f"{_own}edit/", uploading.edit, name="edit"),
    path(f"{_own}selection/", selection.selection, name="selection"),
    path(f"{_own}files/<path:name>", views.file, name="file"),
    path(f"{_own}media/<int:revision_id>/<path:name>", views.media, name="media"),
    path(f"{_own}shown/<int:revision_id>/<path:name>", views.rendition, name="rendition"),
    path(f"{_own}thumbnails/<int:revision_id>/<path:name>", views.thumbnail, name="thumbnail"),
]
