"""The organisers' statistics: a page, and each of its tables as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from heldout.site.challenges.models import Challenge
from heldout.site.challenges.organising import organised, organising_frame
from heldout.site.common.spreadsheets import cell
from heldout.site.submissions import activity
from heldout.site.submissions.activity_plots import days_plot, scores_plot

# The page shows the latest; the CSV has all.
SHOWN = 30


@login_required
@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    challenge, _ = organised(request, slug, "challenges.review")
    days = activity.days(challenge)
    context = organising_frame(request, challenge, "statistics", "Statistics") | {
        "totals": activity.totals(challenge),
        "days": days[:SHOWN],
        "more_days": max(0, len(days) - SHOWN),
        "days_plot": days_plot(days),
        "reasons": activity.reasons(challenge),
        "by_phase": [
            {
                "phase": one,
                "plot": scores_plot(one, challenge.zone),
                "best": [dot for dot in reversed(one.dots) if dot.best][:SHOWN],
            }
            for one in activity.scores_by_phase(challenge)
        ],
    }
    return render(request, "submissions/activity.html", context)


@login_required
@require_safe
def table(request: HttpRequest, slug: str, table: str) -> HttpResponse:
    challenge, _ = organised(request, slug, "challenges.review")
    if table not in TABLES:
        raise Http404("There is no such table.")
    response = HttpResponse(as_csv(challenge, table), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{slug}-{table}.csv"'
    return response


def as_csv(challenge: Challenge, table: str) -> str:
    columns, read = TABLES[table]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([cell(value) for value in row] for row in read(challenge))
    return out.getvalue()


def _scores(challenge: Challenge) -> Iterable[tuple[Any, ...]]:
    for phase in activity.scores_by_phase(challenge):
        for dot in phase.dots:
            about = (phase.key, dot.at.isoformat(), dot.entrant, dot.submission)
            yield *about, phase.measure.metric, phase.measure.name, dot.value, dot.best


Table = tuple[tuple[str, ...], Callable[[Challenge], Iterable[tuple[Any, ...]]]]
TABLES: dict[str, Table] = {
    "days": (activity.Day._fields, activity.days),
    "reasons": (activity.Reason._fields, activity.reasons),
    "scores": (
        ("phase", "at", "entrant", "submission", "metric", "name", "value", "best_so_far"),
        _scores,
    ),
}
