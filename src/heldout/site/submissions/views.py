from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_http_methods, require_safe

from heldout import __version__
from heldout.errors import BadInput
from heldout.evaluation.details import Details
from heldout.site.accounts.models import User
from heldout.site.challenges.disqualifying import own_disqualifications
from heldout.site.challenges.frames import (
    PhaseView,
    crumbs,
    frame,
    has_news,
    phase_title,
    phase_views,
    primary_measure,
    tabs,
)
from heldout.site.challenges.lookup import find_challenge, read_phases
from heldout.site.challenges.measures import Measure
from heldout.site.challenges.models import Challenge, Entrant, PhaseStatus, Reveal
from heldout.site.challenges.services import entrant_of
from heldout.site.common import formatting
from heldout.site.common.drawing import Plot
from heldout.site.common.problems import in_sentences
from heldout.site.common.rendered import lately, rendered
from heldout.site.submissions import analysis, boards, pages, reports, services
from heldout.site.submissions.boards import BoardState, BoardView
from heldout.site.submissions.forms import FilterForm
from heldout.site.submissions.leads import lead_view
from heldout.site.submissions.models import Status, Submission
from heldout.site.submissions.plots import group_plot, leaderboard_plot
from heldout.site.submissions.regimes import regime_of
from heldout.site.submissions.results import (
    SubmissionView,
    all_submissions,
    listed_scores,
    submission_detail,
    submissions_of,
)
from heldout.site.submissions.table import Columns, rows_html

_PAGE = 50
_KEEP_SECONDS = 600
_PLOT_SECONDS = 30
_FRAME_SECONDS = 10
# Where the leaderboard stands on its page.
_BOARD = SafeString("<!--leaderboard-->")


def chosen_phase(request: HttpRequest, views: list[PhaseView]) -> PhaseView:
    """The phase an address names, else the open one that was opened last, else the first."""
    wanted = request.GET.get("phase", "")
    named = [view for view in views if view.key == wanted]
    if wanted and not named:
        raise Http404("no such phase")
    begun = [view for view in views if view.status != PhaseStatus.UPCOMING]
    running = [view for view in begun if view.status == PhaseStatus.OPEN]
    candidates = named or running or begun or views
    return max(reversed(candidates), key=lambda view: view.opens)


def boards_of(request: HttpRequest, views: list[PhaseView]) -> list[PhaseView]:
    return [v for v in views if request.user.has_perm("challenges.view_board", v.phase)]


def _boards(request: HttpRequest, slug: str) -> tuple[Challenge, list[PhaseView]]:
    challenge = find_challenge(slug, request.user)
    read_phases(challenge)
    return challenge, boards_of(request, phase_views(challenge, timezone.now()))


@require_safe
def leaderboard(request: HttpRequest, slug: str) -> HttpResponse:
    challenge, views = _boards(request, slug)
    if not views:
        context = frame(request, challenge, "leaderboard")
        return render(request, "submissions/no_leaderboard.html", context)
    phase = chosen_phase(request, views)
    state = boards.state(phase=phase.phase, viewer=request.user)
    entrant = entrant_of(challenge, request.user)
    around = _around(request, challenge)
    # Not where a message waits to be shown.
    waits = bool(messages.get_messages(request))
    etag = None if waits or state.pending else _page_etag(around, state, entrant)
    not_changed = get_conditional_response(request, etag=etag)
    if not_changed is not None:
        return not_changed
    board = _board_html(request, challenge, views, phase, state, entrant)
    key = "" if waits or request.user.is_authenticated else f"around:{around}-{state.pending}"
    response = HttpResponse(_framed(request, challenge, board, pending=state.pending, key=key))
    if etag:
        response["ETag"] = etag
    return response


@require_safe
def chart(request: HttpRequest, slug: str, which: str) -> HttpResponse:
    """A drawing of a leaderboard, for its page to fetch: nobody waits for a picture of a table."""
    challenge, views = _boards(request, slug)
    if not views:
        raise Http404("There is no leaderboard.")
    phase = chosen_phase(request, views)
    state = boards.state(phase=phase.phase, viewer=request.user)
    plot = _plot(request, challenge, phase, state, which)
    template = "submissions/chart.html"
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, template, {"plot": plot})
    context = frame(request, challenge, "leaderboard")
    context["board"] = render_to_string(template, {"plot": plot, "alone": True}, request)
    return render(request, "submissions/leaderboard.html", context)


def _plot(
    request: HttpRequest, challenge: Challenge, phase: PhaseView, state: BoardState, which: str
) -> Plot | None:
    """Drawing takes half a second: while results come in, the drawing of a moment ago will do."""
    key = f"latest:{_digest((phase.phase.pk, state.sees, request.get_full_path()))}"
    latest = cast("Plot | None", cache.get(key)) if state.pending else None
    if latest is not None:
        return latest
    board = boards.leaderboard(phase=phase.phase, viewer=request.user)
    shown = _board_context(request, challenge, board)[which]
    plot = cast("Plot | None", shown and shown.draw())
    cache.set(key, plot, _PLOT_SECONDS)
    return plot


def _around(request: HttpRequest, challenge: Challenge) -> str:
    """Names everything that can change on the page of a leaderboard, but for the leaderboard."""
    now = timezone.now()
    parts = (
        __version__,
        challenge.revision.pk,
        challenge.visibility,
        challenge.title,
        challenge.winners_at,
        challenge.largest_team,
        has_news(challenge),
        request.user.has_perm("challenges.review", challenge),
        getattr(request.user, "may_organise", False),
        request.user.pk,
        request.user.get_username(),
        request.COOKIES.get("csrftoken"),
        request.get_full_path(),
        *((v.status, *_distances(v, now)) for v in phase_views(challenge, now)),
    )
    return _digest(parts)


def _distances(phase: PhaseView, now: datetime) -> list[str]:
    return [formatting.distance_text(at, now) for at in (phase.opens, phase.closes)]


def _page_etag(around: str, state: BoardState, entrant: Entrant | None) -> str:
    return f'W/"{_digest((around, state.etag, entrant and entrant.pk))}"'


def _framed(
    request: HttpRequest, challenge: Challenge, board: SafeString, *, pending: bool, key: str
) -> str:
    """The whole page. What is around the leaderboard changes less often: with a key it is kept."""
    around = cast("str | None", cache.get(key)) if key else None
    if around is None:
        context = frame(request, challenge, "leaderboard") | {"pending": pending, "board": _BOARD}
        around = render_to_string("submissions/leaderboard.html", context, request)
        if key:
            cache.set(key, around, _FRAME_SECONDS)
    return around.replace(_BOARD, board, 1)


def _digest(parts: Sequence[object]) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def _board_html(
    request: HttpRequest,
    challenge: Challenge,
    views: list[PhaseView],
    phase: PhaseView,
    state: BoardState,
    entrant: Entrant | None,
) -> SafeString:
    """The leaderboard itself, made once for all who may see the same.

    Five hundred rows take a template as long as fifty pages, and pack to a twentieth.
    """
    titles = [(view.key, view.title) for view in views]
    where = request.get_full_path()
    shown = (phase.phase.pk, state.sees, challenge.revision.pk, challenge.timezone, titles, where)
    series = f"board:{_digest(shown)}"

    def make() -> bytes:
        board = boards.leaderboard(phase=phase.phase, viewer=request.user)
        context = _board_context(request, challenge, board)
        context |= {"challenge": challenge, "boards": views, "phase": phase}
        context["rows"] = _rows_html(challenge, board, context)
        html = render_to_string("submissions/board.html", context, request)
        order = ",".join(str(line.row.entrant_id) for line in context["lines"])
        return zlib.compress(f"{order}\n{html}".encode(), 1)

    name = f"{series}:{state.content}"
    if where in (request.path, f"{request.path}?phase={phase.key}"):
        kept = (lately if state.pending else rendered)(name, make, series=series)
    else:
        # Addresses without end must not fill the disk.
        kept = cache.get(name) or make()
        cache.set(name, kept, _KEEP_SECONDS)
    order, _, html = zlib.decompress(kept).decode().partition("\n")
    return mark_safe(_with_own_row(html, _place_of(entrant, order)))  # noqa: S308 - a template made it


def _place_of(entrant: Entrant | None, order: str) -> int | None:
    """Where the rows, in this order of entrants, have this one's, counted from 1."""
    places = order.split(",")
    own = str(entrant.pk) if entrant else ""
    return places.index(own) + 1 if own in places else None


def _rows_html(challenge: Challenge, board: BoardView, context: dict[str, Any]) -> SafeString:
    lines = context["lines"]
    if not lines:
        return SafeString("")
    leaks = bool(lines[0].row.leaked_items)
    measures = context["shown"], context["ranked_by"]
    columns = Columns(*measures, board.shows_intervals, board.final, leaks, challenge.zone)
    return rows_html(lines, columns)


def _with_own_row(html: str, place: int | None) -> str:
    """Tell a reader which row is theirs."""
    if place is None:
        return html
    html = html.replace(f'<tr class="row-{place} ', '<tr class="own ', 1)
    return html.replace(f"<!--row-{place}-->", ' <span class="tag accent">You</span>', 1)


def _board_context(request: HttpRequest, challenge: Challenge, board: BoardView) -> dict[str, Any]:
    options = pages.available(board, challenge.task)
    shown = pages.chosen(options, request.GET.get("metric", ""))
    lines = pages.board_lines(board, shown) if shown else []
    return {
        "board": board,
        "frozen_for_others": regime_of(board.phase).frozen_at(timezone.now()),
        "options": options,
        "shown": shown,
        "ranked_by": options[0] if options else None,
        "lines": lines,
        "has_baselines": any(line.row.baseline for line in lines),
        "drawing": leaderboard_plot(lines, shown, grouped=shown == options[0])
        if shown and board.shows_intervals
        else None,
        "comparable": board.shows_intervals and not board.guard and len(board.rows) > 1,
        "lead": lead_view(board, options[0]) if options and not board.guard else None,
    }


@login_required
@require_safe
def mine(request: HttpRequest, slug: str) -> HttpResponse:
    challenge = find_challenge(slug, request.user)
    found = submissions_of(challenge=challenge, viewer=request.user)
    page = _page(request, found)
    context = frame(request, challenge, "mine") | _table(request, challenge, page)
    context["disqualified"] = [
        (phase_title(one.phase), one) for one in own_disqualifications(challenge, request.user)
    ]
    context["choosing"] = [
        (view.title, view.final)
        for view in phase_views(challenge, timezone.now())
        if view.phase.final.startswith("chosen")
    ]
    return render(request, "submissions/mine.html", context)


def _page(request: HttpRequest, found: QuerySet[Submission]) -> Page[Submission]:
    """Fifty of them, with their scores and without their long reports."""
    light = found.defer("evaluation__report", "evaluation__stats")
    light = light.prefetch_related("evaluation__scores")
    return Paginator(light, _PAGE).get_page(request.GET.get("page"))


def _table(request: HttpRequest, challenge: Challenge, page: Page[Submission]) -> dict[str, Any]:
    """A page of submissions, each with the one number a list shows."""
    primary = primary_measure(challenge)
    scores = listed_scores(
        page, challenge=challenge, viewer=request.user, of=(primary.metric, primary.name)
    )
    now = timezone.now()
    rows = [
        {
            "submission": one,
            "phase": phase_title(one.phase),
            "score": scores.get(one.pk),
            "choosable": services.can_choose(one, now),
        }
        for one in page
    ]
    unfinished = any(not Status(one.status).is_final for one in page)
    return {"page": page, "rows": rows, "primary": primary, "unfinished": unfinished}


@login_required
@require_safe
def everybodys(request: HttpRequest, slug: str) -> HttpResponse:
    challenge = find_challenge(slug, request.user)
    found = all_submissions(challenge=challenge, viewer=request.user)
    views = phase_views(challenge, timezone.now())
    form = FilterForm(request.GET, phases=views)
    if form.is_valid():
        wanted = form.cleaned_data
        found = found.filter(phase__key=wanted["phase"]) if wanted["phase"] else found
        found = found.filter(status=wanted["status"]) if wanted["status"] else found
        found = found.filter(entrant__name__icontains=wanted["q"]) if wanted["q"] else found
    page = _page(request, found)
    context = frame(request, challenge, "organise") | _table(request, challenge, page)
    trail = crumbs(
        challenge, ("Organise", reverse("challenges:organise", args=[slug])), ("Submissions", "")
    )
    context |= {"form": form, "part": "submissions", "crumbs": trail, "tab_title": "Submissions"}
    return render(request, "submissions/everybodys.html", context)


def _find(request: HttpRequest, submission_id: str) -> SubmissionView:
    """A submission of one's own or of a challenge one organises; otherwise there is none."""
    found = Submission.objects.select_related(
        "phase__challenge__current", "phase__challenge__dataset", "entrant", "by", "evaluation"
    )
    submission = found.filter(pk=submission_id).first()
    if submission is None or not request.user.has_perm("submissions.view", submission):
        raise Http404("no such submission")
    return submission_detail(submission=submission, viewer=request.user)


@login_required
@require_safe
def detail(request: HttpRequest, submission_id: str) -> HttpResponse:
    view = _find(request, submission_id)
    challenge = view.submission.phase.challenge
    lines = pages.score_lines(view.scores, challenge.task)
    options = pages.group_measures(view.subgroups or view.per_class, challenge.task)
    shown = pages.chosen(options, request.GET.get("metric", ""))
    overall = next((one.score.value for one in lines if one.measure == shown), None)
    of_classes = pages.matching(pages.group_measures(view.per_class, challenge.task), shown)
    context = _detail_frame(request, view) | _analysis(view, shown, overall)
    context |= {
        "lines": lines,
        "first": lines[0] if lines else None,
        "has_report": reports.report_of(view) is not None,
        "clean": _without_leaks(request, view, lines),
        "options": options,
        "shown": shown,
        "groups": _groups(view, view.subgroups, shown, overall),
        "classes": _groups(view, view.per_class, of_classes, overall),
        "class_shown": of_classes,
        "shows_intervals": Reveal.INTERVAL not in view.hides,
        "may_rescore": _may_rescore(request, view),
        "may_edit": request.user.has_perm("challenges.edit", challenge),
    }
    return render(request, "submissions/detail.html", context)


@login_required
@require_safe
def report(request: HttpRequest, submission_id: str) -> HttpResponse:
    """The evaluation report as a file: it brings its own style, so it is not shown in the site."""
    view = _find(request, submission_id)
    found = reports.as_html(view)
    if found is None:
        raise Http404("there is no report of this submission")
    name = f"{view.submission.phase.challenge.slug}-{view.submission.pk}-report.html"
    response = HttpResponse(found, content_type="text/html; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _without_leaks(
    request: HttpRequest, view: SubmissionView, lines: Sequence[pages.ScoreLine]
) -> dict[str, Any] | None:
    """What the leaderboard tells without leaked items, if this page tells the number with them."""
    row = reports.standing(view.submission, request.user) if lines else None
    if row is None or not row.leaked_items:
        return None
    wanted = (row.metric, row.name)
    line = next((one for one in lines if (one.score.metric, one.score.name) == wanted), None)
    return {"row": row, "measure": line.measure} if line else None


def _may_rescore(request: HttpRequest, view: SubmissionView) -> bool:
    """Where scoring again changes something."""
    evaluation = view.submission.evaluation
    newest = view.submission.phase.challenge.revision
    old = evaluation is not None and evaluation.revision_id != newest.pk
    worth_it = view.status == Status.FAILED or (view.status == Status.SCORED and old)
    return worth_it and request.user.has_perm("submissions.rescore", view.submission)


def _groups(
    view: SubmissionView, rows: Any, shown: Measure | None, overall: float | None
) -> list[dict[str, Any]]:
    if shown is None:
        return []
    return [
        {
            "table": table,
            "plot": analysis.heat_map(rows, shown, table.title)
            or group_plot(table, shown, overall),
            "shaded": " and " in table.title,
            "said": analysis.disparity_text(view.report, shown, table.title),
            "same_size": analysis.yardsticks(view.report, shown),
        }
        for table in pages.group_tables(rows, shown)
    ]


def _analysis(view: SubmissionView, shown: Measure | None, overall: float | None) -> dict[str, Any]:
    """What else the report says, as far as it is revealed."""
    details = view.report.details or Details()
    task = view.submission.phase.challenge.task
    return {
        "profiles": analysis.profiles(view.report, shown, overall),
        "class_rows": details.classes,
        "confusion": analysis.confusion_view(details.confusion),
        "curves": analysis.curve_views(details.curves, task),
        "reliability": analysis.reliability_view(details.reliability),
        "rate_gaps": analysis.rate_gaps(details.rate_gaps),
    }


def _detail_frame(request: HttpRequest, view: SubmissionView) -> dict[str, Any]:
    submission = view.submission
    challenge = submission.phase.challenge
    own = request.user.has_perm("submissions.withdraw", submission)
    listed = "mine" if own else "organise"
    context = frame(request, challenge, listed)
    tab = next(one for one in tabs(request, challenge, listed) if one.key == listed)
    back = tab.address if own else reverse("submissions:everybodys", args=[challenge.slug])
    trail = crumbs(challenge, (tab.name, back), (submission.filename, ""))
    return context | {
        "view": view,
        "submission": submission,
        "own": own,
        "withdrawable": own and services.can_withdraw(submission, timezone.now()),
        "crumbs": trail,
        "tab_title": submission.filename,
        "phase_title": phase_title(submission.phase),
    }


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, submission_id: str) -> HttpResponse:
    view = _find(request, submission_id)
    if not request.user.has_perm("submissions.withdraw", view.submission):
        raise PermissionDenied("Only those who handed it in can withdraw it.")
    if request.method == "POST" and isinstance(request.user, User):
        try:
            services.withdraw(submission=view.submission, by=request.user, now=timezone.now())
        except BadInput as error:
            messages.error(request, in_sentences(error))
        else:
            messages.success(request, f"{view.submission.filename} is withdrawn.")
        return redirect("submissions:detail", submission_id)
    return render(request, "submissions/withdraw.html", _detail_frame(request, view))


@login_required
@require_http_methods(["POST"])
def choose(request: HttpRequest, submission_id: str) -> HttpResponse:
    """An entrant says which submissions count at the end."""
    view = _find(request, submission_id)
    user, wanted = cast(User, request.user), request.POST.get("chosen") == "1"
    try:
        services.choose(submission=view.submission, by=user, chosen=wanted, now=timezone.now())
    except BadInput as error:
        messages.error(request, in_sentences(error))
    else:
        counts = "counts at the end" if wanted else "is no more chosen"
        messages.success(request, f"{view.submission.filename} {counts}.")
    return redirect("submissions:mine", view.submission.phase.challenge.slug)


@login_required
@require_http_methods(["POST"])
def rescore(request: HttpRequest, submission_id: str) -> HttpResponse:
    """An organiser has it scored again, after a failure or by the newest revision."""
    view = _find(request, submission_id)
    user = cast(User, request.user)
    try:
        waits = services.rescore(submission=view.submission, by=user, now=timezone.now())
    except BadInput as error:
        messages.error(request, in_sentences(error))
    else:
        if waits:
            messages.success(request, f"{view.submission.filename} waits to be scored again.")
        else:
            messages.info(request, "The newest revision has scored it, or is about to.")
    return redirect("submissions:detail", submission_id)
