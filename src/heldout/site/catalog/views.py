from __future__ import annotations

import math
import mimetypes
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotModified,
)
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from heldout.datasets.index.query import Query
from heldout.datasets.index.views import Role
from heldout.datasets.rendering import Window
from heldout.datasets.table import ID, MEDIA
from heldout.site.catalog import asking, cards, drawing, facets, opinions, pixels, thumbnails
from heldout.site.catalog.frames import Seen, find, frame
from heldout.site.catalog.jsonld import hides_something
from heldout.site.catalog.models import DataFile
from heldout.site.catalog.preview import kind_of_column
from heldout.site.catalog.responses import download, matches, send
from heldout.site.catalog.services import media_path

PAGE = 48
# Everything else somebody may have put into the data is downloaded, never rendered.
PICTURES = {"image/png", "image/jpeg", "image/webp", "image/gif"}


@require_safe
def browse(request: HttpRequest, slug: str) -> HttpResponse:
    seen = find(request, slug)
    if seen.index is None:
        return render(request, "catalog/waiting.html", frame(request, seen, "browse"), status=503)
    index, asked = seen.index, asking.read(request.GET, seen.index.columns)
    found = index.page(asked.query, after=asked.after, before=asked.before, size=PAGE)
    has_media = MEDIA in index.columns
    as_table = request.GET.get("view", "" if has_media else "table") == "table"
    context = frame(request, seen, "browse") | {
        "query": asked.query,
        "notes": asked.notes,
        "page": found,
        "last": found.number + len(found.hits) - 1,
        "chips": facets.chips(index, asked.query),
        "panels": facets.panels(index, asked.query),
        "ranges": facets.range_panels(index, asked.query),
        "as_table": as_table,
        "has_media": has_media,
        "headings": cards.headings(index),
        "sorts": _sorts(seen, asked.query),
        "example_column": _example_column(seen),
        "addresses": _addresses(seen, asked.query, found, as_table),
    }
    make, name = (cards.lines, "lines") if as_table else (cards.cards, "cards")
    context[name] = make(index, seen.dataset, found.hits, asked.query)
    part = request.headers.get("HX-Target") == "browse"
    return render(request, "catalog/browser.html" if part else "catalog/browse.html", context)


def _example_column(seen: Seen) -> str:
    """A column whose name can be typed before a colon."""
    words = (one.name for one in seen.ready.columns.values() if one.searchable and one.name != ID)
    return next((name for name in words if " " not in name), "")


def _sorts(seen: Seen, query: Query) -> list[tuple[str, str, bool]]:
    names = [one.name for one in seen.ready.columns.values() if one.sortable]
    each = [("", "Order of the data")]
    for name in names:
        each += [(name, f"{name}, rising"), (f"-{name}", f"{name}, falling")]
    return [(value, words, value == query.sort) for value, words in each]


def _addresses(seen: Seen, query: Query, page: Any, as_table: bool) -> dict[str, str]:
    columns, view = seen.ready.columns, "table" if as_table else ""
    plain = asking.address(query, columns)
    selection = reverse("catalog:selection", args=[seen.dataset.slug])
    own = reverse("catalog:browse", args=[seen.dataset.slug])
    return {
        "before": own + asking.address(query, columns, before=page.before, view=view),
        "after": own + asking.address(query, columns, after=page.after, view=view),
        "grid": own + asking.address(query, columns, view="grid"),
        "table": own + asking.address(query, columns, view="table"),
        "map": plain,
        **{
            kind: selection + asking.address(query, columns, format=kind)
            for kind in ("csv", "jsonl", "zip")
        },
    }


@require_safe
def values(request: HttpRequest, slug: str) -> HttpResponse:
    """All values of one column."""
    seen = find(request, slug)
    column = seen.ready.columns.get(request.GET.get("column", ""))
    if column is None or not column.facet:
        raise Http404("There is no such column.")
    query = asking.read(request.GET, seen.ready.columns).query
    panel = facets.panel(seen.ready, query, column, most=5000)
    own = reverse("catalog:browse", args=[slug])
    linked = [
        (one, own + asking.address(query.narrowed(column.name, one.value), seen.ready.columns))
        for one in panel.values
    ]
    context = frame(request, seen, "browse") | {"panel": panel, "linked": linked}
    return render(request, "catalog/values.html", context)


@require_safe
def item(request: HttpRequest, slug: str) -> HttpResponse:
    seen = find(request, slug)
    index, query = seen.ready, asking.read(request.GET, seen.ready.columns).query
    found = index.item(request.GET.get("split", ""), request.GET.get("id", ""), query)
    if found is None:
        raise Http404("There is no such example.")
    own = reverse("catalog:browse", args=[slug])
    neighbours = {
        name: cards.item_address(seen.dataset, hit, query, index.columns)
        for name, hit in (("earlier", found.earlier), ("later", found.later))
        if hit is not None
    }
    context = frame(request, seen, "browse") | {
        "hit": found.hit,
        "neighbours": neighbours,
        "back": own + asking.address(query, index.columns),
        "cells": cards.cells(index, seen.dataset, found.hit),
        "opinions": opinions.opinions_of(found.marks),
        "captions": [one for one in found.marks if one.kind == "caption"],
        "asked": list(asking.pairs(query, index.columns)),
    }
    crumbs = [*context["crumbs"][:-1], (seen.dataset.title, own), (found.hit.id, "")]
    context |= _picture(request, seen, found) | {"crumbs": crumbs}
    return render(request, "catalog/item.html", context)


def _picture(request: HttpRequest, seen: Seen, found: Any) -> dict[str, Any]:
    name = found.hit.cells.get(MEDIA)
    path = media_path(seen.revision, str(name)) if name else None
    window = _window(request)
    seen_as = pixels.look(path, window) if path else None
    if path is None or seen_as is None:
        return {}
    size = (seen_as.width, seen_as.height)
    drawn = drawing.draw(found.marks, seen.ready.summary.categories)
    at = [request.GET.get(key, "") for key in ("x", "y", "side")]
    side = int(at[2]) if at[2] in map(str, pixels.SIDES) else 8
    wanted = at[0].isdecimal() and at[1].isdecimal() and len(at[0]) < 7 and len(at[1]) < 7
    return {
        "image": _address(seen, str(name), seen_as, window),
        "original": reverse("catalog:media", args=[seen.dataset.slug, seen.revision.pk, name]),
        "window": seen_as.window,
        "window_chosen": window is not None,
        "width": size[0],
        "height": size[1],
        "text_height": max(size) / 42,
        "tiny": max(size) < 96,
        "drawn": drawn,
        "legend": drawing.legend(drawn),
        "patch": pixels.patch(path, int(at[0]), int(at[1]), side) if wanted else None,
        "middle": (size[0] // 2, size[1] // 2),
        "sides": pixels.SIDES,
        "side": side,
    }


def _window(request: HttpRequest) -> Window | None:
    """What deep pixels are to be seen through; None where the address does not say, or nonsense."""
    try:
        centre, width = (float(request.GET.get(name, "")) for name in ("centre", "width"))
    except ValueError:
        return None
    sane = math.isfinite(centre) and 1 <= width < 1e9 and abs(centre) < 1e9
    return Window(centre, width) if sane else None


def _address(seen: Seen, name: str, seen_as: pixels.Look, window: Window | None) -> str:
    """Of the file itself, or of a picture made of it where browsers cannot show it."""
    view = "catalog:media" if seen_as.plain else "catalog:rendition"
    address = reverse(view, args=[seen.dataset.slug, seen.revision.pk, name])
    if window is None or seen_as.window is None:
        return address
    return f"{address}?{urlencode({'centre': window.centre, 'width': window.width})}"


@require_safe
def about(request: HttpRequest, slug: str) -> HttpResponse:
    seen = find(request, slug)
    files, whole = files_of(seen), _is_whole(seen)
    columns = seen.index.summary.columns if seen.index else ()
    context = frame(request, seen, "about") | {
        "files": [
            {
                "address": reverse("catalog:file", args=[slug, file.name]),
                **{
                    name: getattr(file, name)
                    for name in ("name", "split", "size", "sha256", "examples")
                },
            }
            for file in files
        ],
        "whole": whole,
        "columns": [(one, kind_of_column(one)) for one in columns],
        "splits": seen.index.summary.splits if seen.index else {},
        "revisions": seen.dataset.revisions.all(),
    }
    return render(request, "catalog/about.html", context)


def _is_whole(seen: Seen) -> bool:
    return seen.role >= Role.ORGANISER or not hides_something(seen.revision)


def files_of(seen: Seen) -> list[DataFile]:
    """Those this viewer may have."""
    return list(seen.revision.files.all()) if _is_whole(seen) else []


@require_safe
def file(request: HttpRequest, slug: str, name: str) -> HttpResponseBase:
    seen = find(request, slug)
    if not _is_whole(seen):
        raise Http404("There is no such file.")
    return download(request, get_object_or_404(DataFile, revision=seen.revision, name=name))


def _medium(request: HttpRequest, slug: str, revision_id: int, name: str) -> Path:
    """The path of an image that an example the viewer may see has."""
    seen = find(request, slug)
    path = media_path(seen.revision, name) if revision_id == seen.revision.pk else None
    if path is None or not seen.ready.has_media(name):
        raise Http404("There is no such image.")
    return path


@require_safe
def media(request: HttpRequest, slug: str, revision_id: int, name: str) -> HttpResponseBase:
    path = _medium(request, slug, revision_id, name)
    picture = mimetypes.guess_type(path.name)[0] in PICTURES
    etag = f'"{thumbnails.place_of(path).stem}"'
    return _kept(send(request, path, name=path.name, etag=etag, attachment=not picture))


@require_safe
def thumbnail(request: HttpRequest, slug: str, revision_id: int, name: str) -> HttpResponseBase:
    path = _medium(request, slug, revision_id, name)
    etag = f'"{thumbnails.place_of(path).stem}-small"'
    small = None if matches(request, etag) else thumbnails.thumbnail(path)
    if small is None and not matches(request, etag):
        raise Http404("This image cannot be shown.")
    response = send(request, small or path, name="thumbnail.webp", etag=etag, attachment=False)
    return _kept(response)


@require_safe
def rendition(request: HttpRequest, slug: str, revision_id: int, name: str) -> HttpResponseBase:
    """A medium that browsers cannot show, as a picture: deep pixels through a window."""
    path = _medium(request, slug, revision_id, name)
    window = _window(request)
    through = "-".join(f"{one:g}" for one in window or ())
    etag = f'"{thumbnails.place_of(path).stem}-shown-{through}"'
    if matches(request, etag):
        return _kept(HttpResponseNotModified(headers={"ETag": etag}))
    content = pixels.picture(path, window)
    if content is None:
        raise Http404("This image cannot be shown.")
    headers = {"ETag": etag, "X-Content-Type-Options": "nosniff"}
    return _kept(HttpResponse(content, content_type="image/png", headers=headers))


def _kept(response: HttpResponseBase) -> HttpResponseBase:
    """What lies under an address never changes; only the one who may see it keeps it."""
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    return response
