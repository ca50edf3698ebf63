"""The documents of every revision of a data set, and the bundle that a worker makes and scans."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from heldout.datasets.index.views import Role
from heldout.errors import BadInput
from heldout.site.accounts.models import User
from heldout.site.catalog import counting, datasheets, releasing
from heldout.site.catalog import documents as made
from heldout.site.catalog.datasheet_views import addressed
from heldout.site.catalog.frames import Seen, find, frame
from heldout.site.catalog.models import DataRevision, Release, WorkState
from heldout.site.catalog.responses import matches, send

_TYPES = {
    ".md": "text/markdown; charset=utf-8",
    ".json": "application/json",
    "croissant.json": "application/ld+json",
    "": "text/plain; charset=utf-8",
}


class Row(NamedTuple):
    """A revision with what is offered of it."""

    revision: DataRevision
    current: bool
    counted: bool
    documents: tuple[tuple[str, str], ...]
    offered: Release | None
    latest: Release | None


@require_safe
def documents(request: HttpRequest, slug: str) -> HttpResponse:
    seen = find(request, slug)
    return render(request, "catalog/documents.html", _context(request, seen))


def _context(request: HttpRequest, seen: Seen) -> dict[str, Any]:
    may_release = request.user.has_perm("catalog.document", seen.dataset)
    rows = [_row(one, seen) for one in seen.dataset.revisions.all()]
    counting.request_facts(revision=seen.revision, now=timezone.now())
    here = next(row for row in rows if row.current)
    latest = here.latest
    making = latest is not None and latest.state in releasing.OPEN
    problems = datasheets.publishing_problems(seen.dataset) if may_release else []
    return frame(request, seen, "documents") | {
        "rows": rows,
        "may_release": may_release,
        "reports": made.reports_of(request.user, seen.dataset),
        "making": making,
        "waiting": making or not here.counted,
        "problems": addressed(seen.dataset, problems),
    }


def _row(revision: DataRevision, seen: Seen) -> Row:
    found = list(revision.releases.all())
    counted = counting.facts_of(revision) is not None
    key = releasing.state_of(revision)
    offered = next((one for one in found if releasing.is_offered(one, key)), None)
    latest = found[0] if found and seen.role >= Role.ORGANISER else None
    names = tuple(made.NAMES.items()) if counted else ()
    return Row(revision, revision.pk == seen.revision.pk, counted, names, offered, latest)


@require_safe
def document(request: HttpRequest, slug: str, revision_id: int, name: str) -> HttpResponse:
    """One document, made from the facts and the datasheet as they are."""
    seen = find(request, slug)
    revision = get_object_or_404(DataRevision, pk=revision_id, dataset=seen.dataset)
    if name not in made.NAMES:
        raise Http404("There is no such document.")
    home = request.build_absolute_uri(reverse("catalog:browse", args=[slug]))
    content = made.make(revision, name, url=home)
    if content is None:
        counting.request_facts(revision=revision, now=timezone.now())
        return _not_yet(request, seen)
    suffix = name.partition(".")[1] + name.partition(".")[2]
    response = HttpResponse(content, content_type=_TYPES.get(name) or _TYPES[suffix])
    response["Content-Disposition"] = f'inline; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _not_yet(request: HttpRequest, seen: Seen) -> HttpResponse:
    response = render(
        request, "catalog/counting.html", frame(request, seen, "documents"), status=503
    )
    response["Retry-After"] = "10"
    return response


@login_required
@require_POST
def release(request: HttpRequest, slug: str) -> HttpResponse:
    seen = find(request, slug)
    if not request.user.has_perm("catalog.document", seen.dataset):
        raise Http404("There is no such page.")
    assert isinstance(request.user, User)
    home = request.build_absolute_uri(reverse("catalog:browse", args=[slug]))
    try:
        releasing.request_release(
            revision=seen.revision, url=home, by=request.user, now=timezone.now()
        )
    except BadInput as error:
        problems = addressed(seen.dataset, error.problems)
        context = _context(request, seen) | {"problems": problems, "refused": True}
        return render(request, "catalog/documents.html", context, status=422)
    messages.success(request, "The bundle is being made, and searched for every held-out answer.")
    return redirect("catalog:documents", slug)


@require_safe
def bundle(request: HttpRequest, slug: str, pk: int) -> HttpResponseBase:
    seen = find(request, slug)
    found = get_object_or_404(Release, pk=pk, revision__dataset=seen.dataset, state=WorkState.DONE)
    path = releasing.path_of(found)
    if not releasing.is_offered(found, releasing.state_of(found.revision)):
        raise Http404("This bundle is not offered any more.")
    etag = f'"{found.sha256}"'
    if not matches(request, etag) and not path.is_file():
        raise Http404("This bundle is not offered any more.")
    return send(request, path, name=path.name, etag=etag)
