"""The statistics of a data set: read from what a worker counted, drawn and wrote down."""

from __future__ import annotations

import io

import polars as pl
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_http_methods, require_safe

from heldout.site.catalog import analyses
from heldout.site.catalog.frames import Seen, find, frame
from heldout.site.catalog.models import Analysis
from heldout.site.catalog.statistics import Counted, Shown, read
from heldout.site.common import spreadsheets

KIND = Analysis.Kind.STATISTICS
_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


@require_http_methods(["GET", "HEAD", "POST"])
def statistics(request: HttpRequest, slug: str) -> HttpResponse:
    seen = find(request, slug)
    if request.method == "POST":
        return _again(request, seen)
    found = analyses.latest(seen.revision, KIND, seen.role)
    if found is None:
        # As with an index: who looks first has them counted, once.
        found = analyses.request(
            revision=seen.revision, kind=KIND, role=seen.role, now=timezone.now()
        )
    counted = counted_of(found)
    context = frame(request, seen, "statistics") | {
        "analysis": found,
        "may_analyse": request.user.has_perm("catalog.document", seen.dataset),
        "examples": counted.examples if counted else 0,
        "statistics": [(one, plot(one)) for one in counted.statistics] if counted else [],
        "alarms": [(alarm, one.number) for one in counted.statistics for alarm in one.alarms]
        if counted
        else [],
    }
    return analysed(request, render(request, "catalog/statistics.html", context), found)


def analysed(request: HttpRequest, page: HttpResponse, found: Analysis | None) -> HttpResponse:
    """A page that asked how far it is loads itself anew once there is something to show."""
    over = found is not None and found.state not in analyses.OPEN
    if over and request.headers.get("HX-Target") == "analysis":
        page["HX-Refresh"] = "true"
    return page


def _again(request: HttpRequest, seen: Seen) -> HttpResponse:
    if not request.user.has_perm("catalog.document", seen.dataset):
        raise PermissionDenied("You are not allowed to do this.")
    analyses.request(
        revision=seen.revision, kind=KIND, role=seen.role, now=timezone.now(), again=True
    )
    return redirect("catalog:statistics", seen.dataset.slug)


def counted_of(found: Analysis | None) -> Counted | None:
    """What there is to show; also while it is counted anew."""
    if found is None or not found.folder:
        return None
    folder = analyses.folder_of(found)
    return read(folder) if folder.is_dir() else None


def plot(one: Shown) -> dict[str, str] | None:
    if not one.wide:
        return None
    # Drawn by us; every text in it is escaped.
    return {"wide": mark_safe(one.wide), "narrow": mark_safe(one.narrow)}  # noqa: S308


def of_splits(seen: Seen, left: str, right: str) -> list[tuple[Shown, dict[str, str] | None]]:
    """The statistics that compare two splits, if they are counted."""
    counted = counted_of(analyses.latest(seen.revision, KIND, seen.role))
    shown = counted.statistics if counted else ()
    return [(one, plot(one)) for one in shown if {*one.splits} == {left, right}]


@require_safe
def table(request: HttpRequest, slug: str, number: int, kind: str) -> HttpResponse:
    """The whole table of one statistic."""
    seen = find(request, slug)
    found = analyses.latest(seen.revision, KIND, seen.role)
    path = analyses.folder_of(found) / f"{number}.parquet" if found and found.folder else None
    if path is None or not path.is_file() or kind not in _TYPES:
        raise Http404("There is no such statistic.")
    rows = pl.read_parquet(path)
    floats = pl.selectors.float().fill_nan(None)
    response = HttpResponse(content_type=_TYPES[kind])
    name = f"{slug}-statistic-{number}.{kind}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    if kind == "csv":
        content = io.BytesIO()
        spreadsheets.frame(rows.with_columns(floats)).write_csv(content)
        response.write(content.getvalue())
    else:
        response.write(rows.with_columns(floats).write_json())
    return response
