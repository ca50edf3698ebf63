"""The catalogue: the site's own data sets, and those harvested from catalogues elsewhere."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from heldout.datasets.index.views import Role
from heldout.site.catalog.grants import role_of, visible
from heldout.site.catalog.indexes import open_index
from heldout.site.catalog.models import DataSet, Entry, Intake, WorkState

PAGE = 30


class Listed(NamedTuple):
    dataset: DataSet
    rows: int | None
    splits: str
    classes: int


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    words = request.GET.get("q", "")[:200].replace("\0", "")
    own = _having(visible(request.user), words, ("title", "summary", "slug", "license", "about"))
    entries = _having(Entry.objects.select_related("source"), words, _ENTRY_FIELDS)
    page = Paginator(entries, PAGE).get_page(request.GET.get("page"))
    context = {
        "section": "data",
        "words": words,
        "datasets": [_listed(request.user, one) for one in own],
        "page": page,
        "entries": page.object_list,
        "uploads": _uploads(request.user),
        "may_create": request.user.has_perm("catalog.create"),
        "crumbs": [("Data sets", "")],
    }
    return render(request, "catalog/list.html", context)


def _uploads(user: Any) -> QuerySet[Intake]:
    """What the person brought and what is no data set yet."""
    if not user.is_authenticated:
        return Intake.objects.none()
    found = Intake.objects.filter(asked_by=user).exclude(state=WorkState.DONE)
    return found.select_related("dataset")


_ENTRY_FIELDS = ("title", "description", "creator", "license", "keywords", "source__title")


def _having(found: QuerySet[Any], words: str, fields: tuple[str, ...]) -> QuerySet[Any]:
    """Every word must stand in one of the fields."""
    for word in words.split()[:12]:
        any_field = Q()
        for field in fields:
            any_field |= Q(**{f"{field}__icontains": word})
        found = found.filter(any_field)
    return found


def _listed(user: Any, dataset: DataSet) -> Listed:
    assert dataset.current is not None
    index = open_index(dataset.current, role_of(user, dataset) or Role.PUBLIC)
    if index is None:
        return Listed(dataset, None, "", 0)
    splits = ", ".join(index.summary.splits)
    return Listed(dataset, index.summary.rows, splits, len(index.summary.categories))
