"""The organisers' pages about scoring."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from heldout.errors import BadInput
from heldout.site.accounts.models import User
from heldout.site.challenges.frames import crumbs, frame, phase_title
from heldout.site.challenges.lookup import find_challenge, find_phase
from heldout.site.challenges.models import Challenge
from heldout.site.challenges.services import require
from heldout.site.common.problems import ProblemJson, in_sentences, refusal
from heldout.site.submissions import alerts, dead_letters, leaked, rejudging, services
from heldout.site.submissions.forms import RejudgingForm
from heldout.site.submissions.models import Rejudging


def _organised(
    request: HttpRequest, slug: str, permission: str = "challenges.edit"
) -> tuple[Challenge, User]:
    challenge = find_challenge(slug, request.user)
    require(request.user, permission, challenge)
    return challenge, cast(User, request.user)


def _frame(request: HttpRequest, challenge: Challenge, part: str, name: str) -> dict[str, Any]:
    organise = reverse("challenges:organise", args=[challenge.slug])
    return frame(request, challenge, "organise") | {
        "part": part,
        "crumbs": crumbs(challenge, ("Organise", organise), (name, "")),
        "tab_title": name,
        "may_edit": request.user.has_perm("challenges.edit", challenge),
        "titles": {phase.key: phase_title(phase) for phase in challenge.phases.all()},
    }


@login_required
@require_safe
def scoring(request: HttpRequest, slug: str) -> HttpResponse:
    challenge, user = _organised(request, slug, "challenges.review")
    context = _frame(request, challenge, "scoring", "Scoring") | {
        "scoring": [
            {"title": phase_title(one.phase), "of": one}
            for one in dead_letters.scoring_of(challenge=challenge, viewer=user)
        ],
        "letters": dead_letters.dead_letters(challenge=challenge, viewer=user),
    }
    return render(request, "submissions/scoring.html", context)


@login_required
@require_POST
def pause(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    challenge, user = _organised(request, slug)
    phase = find_phase(challenge, key)
    if services.pause(phase=phase, by=user, now=timezone.now()):
        messages.success(request, f"Scoring of the {phase_title(phase).lower()} is paused.")
    return redirect("submissions:scoring", slug)


@login_required
@require_POST
def resume(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    challenge, user = _organised(request, slug)
    phase = find_phase(challenge, key)
    if services.resume(phase=phase, by=user, now=timezone.now()):
        messages.success(request, f"Scoring of the {phase_title(phase).lower()} goes on.")
    return redirect("submissions:scoring", slug)


@login_required
@require_POST
def rescore_failed(request: HttpRequest, slug: str) -> HttpResponse:
    challenge, user = _organised(request, slug)
    count = services.rescore_failed(challenge=challenge, by=user, now=timezone.now())
    messages.success(request, f"Waiting to be scored again: {count:,}.")
    return redirect("submissions:scoring", slug)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def rejudgings(request: HttpRequest, slug: str) -> HttpResponse:
    challenge, user = _organised(request, slug, "challenges.review")
    splits = list(dict.fromkeys(challenge.phases.values_list("split", flat=True)))
    confirmed = {split: found for split in splits if (found := leaked.to_retire(challenge, split))}
    form = RejudgingForm(
        request.POST if request.method == "POST" else None,
        splits=splits,
        initial=_leaks_as_asked(request.GET.get("leaks", ""), confirmed),
    )
    problems: list[ProblemJson] = []
    if form.is_valid():
        try:
            made = rejudging.start(challenge=challenge, by=user, now=timezone.now(), **form.given())
            return redirect("submissions:rejudging", slug, made.pk)
        except BadInput as error:
            problems = [one | {"place": _place(form, one["place"])} for one in refusal(error)]
    context = _frame(request, challenge, "rejudging", "Rejudging") | {
        "form": form,
        "problems": problems,
        "sets": [(one, rejudging.state_text(one)) for one in challenge.rejudgings.all()],
        "confirmed": [(split, len(found)) for split, found in confirmed.items()],
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "submissions/rejudgings.html", context, status=status)


def _place(form: RejudgingForm, name: str) -> str:
    """The label of the field a problem is in."""
    return str(form.fields[name].label) if name in form.fields else name


def _leaks_as_asked(split: str, confirmed: dict[str, list[str]]) -> dict[str, str]:
    """The form filled in with the leaks of a split, if its address asks for them."""
    if split not in confirmed:
        return {}
    reason = f"Confirmed leaks of {split}"
    return {"reason": reason, "split": split, "retires": "\n".join(confirmed[split])}


def _find(challenge: Challenge, number: int) -> Rejudging:
    return get_object_or_404(challenge.rejudgings.select_related("revision"), pk=number)


@login_required
@require_safe
def show_rejudging(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    challenge, user = _organised(request, slug, "challenges.review")
    found = _find(challenge, number)
    context = _frame(request, challenge, "rejudging", f"Rejudging set {number}") | {
        "set": found,
        "state": rejudging.state_text(found),
        "progress": rejudging.progress(found),
        "changes": rejudging.changes(rejudging=found, viewer=user, now=timezone.now()),
    }
    return render(request, "submissions/rejudging.html", context)


@login_required
@require_POST
def apply_rejudging(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    done = f"Set {number} is applied: its results count now."
    return _end_rejudging(request, slug, number, rejudging.apply, done)


@login_required
@require_POST
def cancel_rejudging(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    done = f"Set {number} is cancelled: every result stays as it was."
    return _end_rejudging(request, slug, number, rejudging.cancel, done)


def _end_rejudging(
    request: HttpRequest, slug: str, number: int, verb: Callable[..., Rejudging], done: str
) -> HttpResponse:
    challenge, user = _organised(request, slug)
    try:
        verb(rejudging=_find(challenge, number), by=user, now=timezone.now())
    except BadInput as error:
        messages.error(request, in_sentences(error))
    else:
        messages.success(request, done)
    return redirect("submissions:rejudging", slug, number)


@login_required
@require_safe
def show_alerts(request: HttpRequest, slug: str) -> HttpResponse:
    challenge, user = _organised(request, slug, "challenges.review")
    context = _frame(request, challenge, "alerts", "Alerts")
    context["alerts"] = alerts.alerts_of(challenge=challenge, viewer=user)
    return render(request, "submissions/alerts.html", context)


@login_required
@require_POST
def answer_alert(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Say that it was looked at, or count the accounts as one person."""
    challenge, user = _organised(request, slug)
    alert = get_object_or_404(challenge.alerts, pk=number)
    if request.POST.get("answer") == "one":
        alerts.count_as_one(alert=alert, by=user, now=timezone.now())
        messages.success(request, "They share one person's limits from now on.")
    else:
        alerts.settle(alert=alert, by=user, now=timezone.now())
    return redirect("submissions:alerts", slug)
