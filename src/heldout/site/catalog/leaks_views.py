"""The leaks of a data set: counted per pair of splits, judged side by side, taken away as CSV."""

from __future__ import annotations

import csv
import io
from typing import Any, NamedTuple
from urllib.parse import urlencode

import polars as pl
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from heldout.datasets.index.columns import SPLIT
from heldout.datasets.index.views import Role
from heldout.datasets.kinds import Kind
from heldout.datasets.leaks.choosing import GROUPS
from heldout.datasets.table import ID, MEDIA, REFERENCE
from heldout.site.accounts.models import User
from heldout.site.catalog import analyses, leaks
from heldout.site.catalog.frames import Seen, find, frame
from heldout.site.catalog.leaks import Names
from heldout.site.catalog.models import Analysis
from heldout.site.catalog.statistics_views import analysed
from heldout.site.common.spreadsheets import cell

KIND = Analysis.Kind.LEAKS
PAGE = 24
SHOWN = {"open": "Not judged", "leak": "Leaks", "none": "No leaks", "all": "All"}
VERDICTS = {"leak": True, "none": False, "undo": None}


class Side(NamedTuple):
    split: str
    id: str
    address: str
    image: str
    text: str


class Pair(NamedTuple):
    key: str
    tier: str
    evidence: str
    sides: tuple[Side, Side]
    verdict: bool | None


def _find(request: HttpRequest, slug: str) -> Seen:
    """What the public part of the data does not show is for organisers only."""
    seen = find(request, slug)
    if seen.role < Role.ORGANISER and not leaks.shown_to_all(seen.revision):
        raise Http404("There is no such page.")
    return seen


def _latest(seen: Seen) -> Analysis | None:
    return analyses.latest(seen.revision, KIND, Role.ORGANISER)


def _pairs(found: Analysis | None) -> pl.DataFrame | None:
    path = analyses.folder_of(found) if found and found.folder else None
    return leaks.pairs_in(path) if path and (path / leaks.FILE).is_file() else None


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, slug: str) -> HttpResponse:
    seen = _find(request, slug)
    if request.method == "POST":
        return _look(request, seen)
    found = _latest(seen)
    rows, verdicts = _pairs(found), leaks.verdicts_of(seen.dataset)
    context = frame(request, seen, "leaks") | {
        "analysis": found,
        "may_analyse": _may(request, seen),
        "summary": found.summary if found and rows is not None else {},
        "columns": _group_columns(seen, found),
    }
    if rows is not None and found is not None:
        context |= _gallery(request, seen, rows, found.summary["pairs"], verdicts)
    return analysed(request, render(request, "catalog/leaks.html", context), found)


def _may(request: HttpRequest, seen: Seen) -> bool:
    return bool(request.user.has_perm("catalog.document", seen.dataset))


def _look(request: HttpRequest, seen: Seen) -> HttpResponse:
    if not _may(request, seen):
        raise PermissionDenied("You are not allowed to do this.")
    known = {name for name, _ in _group_columns(seen, None)}
    chosen = [name for name in request.POST.getlist(leaks.GROUPS) if name in known]
    analyses.request(
        revision=seen.revision,
        kind=KIND,
        role=Role.ORGANISER,
        now=timezone.now(),
        options={leaks.GROUPS: chosen} if "chosen" in request.POST else {},
        again=True,
    )
    return redirect("catalog:leaks", seen.dataset.slug)


def _group_columns(seen: Seen, found: Analysis | None) -> list[tuple[str, bool]]:
    """Columns whose values may be asked not to stand on both sides, and which of them are."""
    columns = seen.index.columns.values() if seen.index else ()
    asked = found.summary.get(leaks.GROUPS) if found else None
    return [
        (one.name, one.name.lower() in GROUPS if asked is None else one.name in asked)
        for one in columns
        if one.kind in (Kind.TEXT, Kind.INTEGER) and one.name not in (SPLIT, ID, MEDIA, REFERENCE)
    ]


def _gallery(
    request: HttpRequest,
    seen: Seen,
    rows: pl.DataFrame,
    pairs: list[dict[str, Any]],
    verdicts: dict[str, bool],
) -> dict[str, Any]:
    judged = _judged(rows, verdicts)
    wanted = request.GET.get("show", "open")
    wanted = wanted if wanted in SHOWN else "open"
    splits = request.GET.getlist("of")[:1] + request.GET.getlist("in")[:1]
    some = judged
    if len(splits) == 2:
        some = some.filter(first_split=splits[0], second_split=splits[1])
    counts = {name: len(_with(some, name)) for name in SHOWN}
    some = _with(some, wanted)
    number, last = _page(request, len(some))
    shown = some.slice((number - 1) * PAGE, PAGE)
    confirmed = judged.filter(verdict=True)
    asked = dict(zip(("of", "in"), splits, strict=False)) if len(splits) == 2 else {}
    return {
        "rows": [
            one
            | {
                "percent": f"{100 * one['share']:.1f} %",
                "address": f"?{urlencode({'of': one['first'], 'in': one['second'], 'show': 'all'})}",
                "confirmed": confirmed.filter(first_split=one["first"], second_split=one["second"])[
                    "first"
                ].n_unique(),
            }
            for one in pairs
        ],
        "pairs": [_pair(seen, row) for row in shown.iter_rows(named=True)],
        "found": len(some),
        "splits": splits if len(splits) == 2 else (),
        "filters": [
            (words, f"?{urlencode({**asked, 'show': name})}", counts[name], name == wanted)
            for name, words in SHOWN.items()
        ],
        "page_number": number,
        "last_page": last,
        "earlier": f"?{urlencode({**asked, 'show': wanted, 'page': number - 1})}",
        "later": f"?{urlencode({**asked, 'show': wanted, 'page': number + 1})}",
    }


def _judged(rows: pl.DataFrame, verdicts: dict[str, bool]) -> pl.DataFrame:
    said = pl.col("key").replace_strict(
        list(verdicts), list(verdicts.values()), default=None, return_dtype=pl.Boolean
    )
    return rows.with_columns(said.alias("verdict") if verdicts else pl.lit(None).alias("verdict"))


def _with(rows: pl.DataFrame, wanted: str) -> pl.DataFrame:
    if wanted == "all":
        return rows
    said = pl.col("verdict")
    return rows.filter(said.is_null() if wanted == "open" else said == (wanted == "leak"))


def _page(request: HttpRequest, total: int) -> tuple[int, int]:
    last = max(1, -(-total // PAGE))
    text = request.GET.get("page", "")
    number = int(text) if text.isdecimal() and len(text) < 9 else 1
    return max(1, min(number, last)), last


def _pair(seen: Seen, row: dict[str, Any]) -> Pair:
    sides = tuple(_side(seen, row, which) for which in ("first", "second"))
    return Pair(row["key"], row["tier"], row["evidence"], (sides[0], sides[1]), row["verdict"])


def _side(seen: Seen, row: dict[str, Any], which: str) -> Side:
    slug, split, name = seen.dataset.slug, row[f"{which}_split"], row[which]
    image = row[f"{which}_image"]
    item = reverse("catalog:item", args=[slug])
    return Side(
        split,
        name,
        f"{item}?{urlencode({'split': split, 'id': name})}",
        reverse("catalog:thumbnail", args=[slug, seen.revision.pk, image]) if image else "",
        row[f"{which}_text"] or "",
    )


@require_POST
def judge(request: HttpRequest, slug: str) -> HttpResponse:
    """Say of one pair, or of all that are shown, what it is; or take it back."""
    seen = _find(request, slug)
    if not _may(request, seen) or not isinstance(request.user, User):
        raise PermissionDenied("You are not allowed to do this.")
    rows, said = _pairs(_latest(seen)), request.POST.get("verdict", "")
    if rows is None or said not in VERDICTS:
        raise Http404("There is no such pair.")
    keys = pl.Series(request.POST.getlist("key")[:PAGE], dtype=pl.String).implode()
    chosen = rows.filter(pl.col("key").is_in(keys)).select(Names._fields)
    changed = leaks.judge(
        dataset=seen.dataset,
        pairs=[Names(*row) for row in chosen.iter_rows()],
        is_leak=VERDICTS[said],
        by=request.user,
        now=timezone.now(),
    )
    messages.success(request, _words(said, changed))
    back = request.POST.get("back", "")
    own = reverse("catalog:leaks", args=[slug])
    safe = back.startswith("?") and url_has_allowed_host_and_scheme(own + back, None)
    return redirect(f"{own}{back if safe else ''}#pairs")


def _words(said: str, changed: int) -> str:
    pairs, them = ("1 pair", "it") if changed == 1 else (f"{changed:,} pairs", "them")
    return {
        "leak": f"{pairs} marked as leaks; under “Leaks” you can undo it.",
        "none": f"{pairs} marked as no leaks; under “No leaks” you can undo it.",
        "undo": f"{pairs} to be judged again; you find {them} under “Not judged”.",
    }[said]


@require_safe
def export(request: HttpRequest, slug: str) -> HttpResponse:
    """All pairs with what was said of them, as `heldout leaks --out` writes and `score --leaks` reads."""
    seen = _find(request, slug)
    rows = _pairs(_latest(seen))
    if rows is None:
        raise Http404("Nothing was looked for yet.")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    header = ("split", "example_id", "other_split", "other_id", "how", "evidence", "verdict")
    writer.writerow(header)
    columns = (*Names._fields, "tier", "evidence", "verdict")
    words = {True: "leak", False: "no leak", None: ""}
    for *cells, verdict in _judged(rows, leaks.verdicts_of(seen.dataset)).select(columns).rows():
        writer.writerow([*map(cell, cells), words[verdict]])
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{slug}-leaks.csv"'
    return response
