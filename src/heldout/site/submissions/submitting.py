"""The page on which a file is handed in: what stands in the way, what is left, and the form."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from heldout.datasets.tasks import TASKS
from heldout.errors import BadInput
from heldout.site.accounts.models import User
from heldout.site.challenges.access import Viewer
from heldout.site.challenges.frames import PhaseView, frame, phase_views
from heldout.site.challenges.lookup import find_challenge
from heldout.site.challenges.models import Challenge, Entrant, PhaseStatus
from heldout.site.challenges.services import entrant_of, has_accepted_terms
from heldout.site.common.problems import in_sentences, refusal
from heldout.site.submissions import limits, services
from heldout.site.submissions.forms import SubmitForm


@require_http_methods(["GET", "HEAD", "POST"])
def submit(request: HttpRequest, slug: str) -> HttpResponse:
    challenge = find_challenge(slug, request.user)
    if request.method == "POST" and isinstance(request.user, User):
        return _take_in(request, challenge, request.user)
    return _show_submit(request, challenge, None, ())


def _open(challenge: Challenge) -> list[PhaseView]:
    views = phase_views(challenge, timezone.now())
    return [view for view in views if view.status == PhaseStatus.OPEN]


def _show_submit(
    request: HttpRequest, challenge: Challenge, form: SubmitForm | None, problems: Any
) -> HttpResponse:
    phases, user = _open(challenge), request.user
    entrant = entrant_of(challenge, user)
    definition = challenge.revision.definition
    classes = definition["challenge"].get("classes", [])
    context = frame(request, challenge, "submit") | {
        "open_phases": phases,
        "accepted": has_accepted_terms(challenge, user),
        "may_enter": entrant is not None or user.has_perm("challenges.join", challenge),
        "form": form or SubmitForm(phases=phases, initial={"key": secrets.token_urlsafe(16)}),
        "problems": problems,
        "task": TASKS.get(challenge.task),
        "suffixes": services.SUFFIXES,
        "classes": classes,
        "id_column": definition["data"].get("id", "example_id"),
        "missing_is_wrong": definition["data"].get("missing") == "wrong",
        **_left(entrant, user, phases),
    }
    refused = bool(problems) or (form is not None and bool(form.errors))
    return render(request, "submissions/submit.html", context, status=422 if refused else 200)


def _left(entrant: Entrant | None, user: Viewer, phases: list[PhaseView]) -> dict[str, Any]:
    """What each open phase still takes of this person, and why those that take nothing do not."""
    if not isinstance(user, User):
        return {}
    now = timezone.now()
    found = [
        (
            view,
            limits.allowances(phase=view.phase, entrant=entrant, user=user, now=now),
            limits.used_up(phase=view.phase, entrant=entrant, user=user, now=now),
        )
        for view in phases
    ]
    full = [(view, in_sentences(BadInput(problems))) for view, _, problems in found if problems]
    return {
        "allowances": [(view, allowed) for view, allowed, _ in found],
        "used_up": full,
        "anything_left": len(full) < len(found),
    }


def _take_in(request: HttpRequest, challenge: Challenge, user: User) -> HttpResponse:
    # Closed phases are among the choices, so that the service says why they take nothing.
    views = phase_views(challenge, timezone.now())
    form = SubmitForm(request.POST, request.FILES, phases=views)
    if not form.is_valid():
        return _show_submit(request, challenge, form, ())
    given = form.cleaned_data
    phase = next(view.phase for view in views if view.key == given["phase"])
    now = timezone.now()
    try:
        submission = services.submit_as_oneself(
            phase=phase,
            by=user,
            upload=given["file"].file,
            filename=given["file"].name,
            note=given["note"],
            idempotency_key=given["key"],
            now=now,
        )
    except BadInput as error:
        return _show_submit(request, challenge, form, refusal(error))
    messages.success(request, f"{submission.filename} was handed in and is safe.")
    return redirect("submissions:detail", submission.pk)
