"""The page of the paired test."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from heldout.cards.charts.matrices import Square, matrix_chart
from heldout.ranking.comparison import Evidence
from heldout.ranking.matrix import Pair
from heldout.site.challenges.frames import frame, phase_views
from heldout.site.challenges.lookup import find_challenge
from heldout.site.challenges.measures import Measure, measure
from heldout.site.common import formatting
from heldout.site.common.drawing import Plot, draw
from heldout.site.common.plots import Line, interval_plot
from heldout.site.submissions import boards
from heldout.site.submissions.comparing import Busy, Comparison, comparable, compare_entrants
from heldout.site.submissions.views import boards_of, chosen_phase

LEVEL = 0.05
_TESTS = {
    "permutation": "Permutation",
    "mcnemar exact": "McNemar, exact",
    "mcnemar mid-p": "McNemar, mid-p",
}


@require_safe
def compare(request: HttpRequest, slug: str) -> HttpResponse:
    challenge = find_challenge(slug, request.user)
    context = frame(request, challenge, "leaderboard")
    views = boards_of(request, phase_views(challenge, timezone.now()))
    if not views:
        return render(request, "submissions/no_leaderboard.html", context)
    phase, now = chosen_phase(request, views), timezone.now()
    view = boards.leaderboard(phase=phase.phase, viewer=request.user, now=now)
    rows = comparable(view)
    pair = _pair(request, [row.entrant_id for row in rows])
    found, busy = None, False
    if pair is not None:
        first, second = pair
        try:
            found = compare_entrants(
                phase=phase.phase, viewer=request.user, first=first, second=second, now=now
            )
        except Busy:
            busy = True
    shown = measure(view.metric, view.name, challenge.task)
    context |= {"phase": phase, "boards": views, "rows": rows, "pair": pair, "busy": busy}
    context |= {"shown": shown, "found": found} | (_result(found, shown) if found else {})
    return render(request, "submissions/compare.html", context, status=503 if busy else 200)


def _pair(request: HttpRequest, known: list[int]) -> tuple[int, int] | None:
    """The two an address names, else the first two of the leaderboard."""
    named = [request.GET.get(name, "") for name in ("first", "second")]
    given = [int(one) for one in named if one.isdecimal() and int(one) in known]
    rest = [one for one in known if one not in given]
    pair = (*given, *rest)[:2]
    return (pair[0], pair[1]) if len(pair) == 2 else None


def _result(found: Comparison, shown: Measure) -> dict[str, Any]:
    test = found.test
    p_value = found.pair.holm if found.pair else test.p_value
    return {
        "differs": p_value is not None and p_value < LEVEL,
        "alone_differs": test.p_value is not None and test.p_value < LEVEL,
        "tests": [
            ("Paired bootstrap", _p_text(test.p_value)),
            *((_test(one), _p_text(one.p_value)) for one in test.tests),
            # What the adjusted one is made of; never above it.
            *([("Resamples of all entrants", _p_text(found.pair.p_value))] if found.pair else []),
        ],
        "adjusted": _p_text(found.pair.holm) if found.pair else "",
        "drawing": interval_plot(
            [Line("Difference", test.difference, test.low, test.high, accented=True)],
            title=f"{shown.title}, first less second",
            percent=shown.percent,
            reference=0.0,
            differences=True,
        ),
        "matrix": _matrix(found, shown),
        "pairs": [(one, _p_text(one.p_value), _p_text(one.holm)) for one in found.pairs],
    }


def _test(evidence: Evidence) -> str:
    return _TESTS.get(evidence.test, evidence.test)


def _p_text(value: float | None) -> str:
    if value is None:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _matrix(found: Comparison, shown: Measure) -> Plot | None:
    """Who is ahead of whom: darker where the difference is beyond chance for all pairs at once."""
    if len(found.names) < 3:
        return None
    place = {name: number for number, name in enumerate(found.names)}
    squares = [square for pair in found.pairs for square in _squares(pair, shown)]
    squares.sort(key=lambda one: (place[one.row], place[one.column]))
    return draw(
        lambda width: matrix_chart(
            squares, width, rows=found.names, columns=found.names, height=30
        ),
        shows=squares,
        title="Every entrant against every other",
        description="; ".join(
            f"{one.first} less {one.second}: {_difference(one.difference, shown)}"
            + (", beyond chance" if one.differ else "")
            for one in found.pairs[:12]
        ),
    )


def _squares(pair: Pair, shown: Measure) -> list[Square]:
    shade = 0.6 if pair.differ else 0.1
    there = pair.difference
    back = None if there is None else -there
    return [
        Square(pair.first, pair.second, shade, (_difference(there, shown),)),
        Square(pair.second, pair.first, shade, (_difference(back, shown),)),
    ]


def _difference(value: float | None, shown: Measure) -> str:
    """Without its unit, which the squares have no room for."""
    return formatting.difference_text(value, percent=shown.percent).removesuffix(" points")
