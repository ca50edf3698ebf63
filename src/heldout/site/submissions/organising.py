"""The organisers' pages about scoring."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from heldout.site.accounts.models import User
from heldout.site.challenges.frames import crumbs, frame, phase_title
from heldout.site.challenges.lookup import find_challenge, find_phase
from heldout.site.challenges.models import Challenge
from heldout.site.challenges.services import require
from heldout.site.submissions import dead_letters, services


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
    challenge, user = _organised(request, slug, "challenges.review")
    count = services.rescore_failed(challenge=challenge, by=user, now=timezone.now())
    messages.success(request, f"Waiting to be scored again: {count:,}.")
    return redirect("submissions:scoring", slug)
