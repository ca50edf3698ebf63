"""The organisers' pages."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from heldout.errors import BadInput
from heldout.site.accounts.models import User
from heldout.site.challenges import services
from heldout.site.challenges.forms import (
    FolderOnServer,
    InviteForm,
    OrganiserForm,
    PhaseForm,
    UploadChallenge,
    VisibilityForm,
)
from heldout.site.challenges.frames import crumbs, frame, phase_title
from heldout.site.challenges.lookup import find_challenge
from heldout.site.challenges.models import Challenge, Organiser, Role, Visibility
from heldout.site.common.problems import ProblemJson, refusal

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


def organised(request: HttpRequest, slug: str, permission: str) -> tuple[Challenge, User]:
    challenge = find_challenge(slug, request.user)
    services.require(request.user, permission, challenge)
    return challenge, cast(User, request.user)


def organising_frame(
    request: HttpRequest, challenge: Challenge, part: str, name: str = ""
) -> dict[str, Any]:
    context = frame(request, challenge, "organise") | {"part": part}
    if name:
        organise = reverse("challenges:organise", args=[challenge.slug])
        context["crumbs"] = crumbs(challenge, ("Organise", organise), (name, ""))
        context["tab_title"] = name
    return context


@login_required
@get_or_post
def new(request: HttpRequest) -> HttpResponse:
    services.require(request.user, "challenges.create")
    return _publish(request, {"section": "new"}, "challenges/new.html")


@login_required
@get_or_post
def new_revision(request: HttpRequest, slug: str) -> HttpResponse:
    challenge, _ = organised(request, slug, "challenges.edit")
    context = organising_frame(request, challenge, "revision", "Revisions")
    context["revisions"] = challenge.revisions.select_related("created_by")
    return _publish(request, context, "challenges/new_revision.html", only=challenge)


def _publish(
    request: HttpRequest, context: dict[str, Any], page: str, *, only: Challenge | None = None
) -> HttpResponse:
    """Show the two forms, or publish what one of them names."""
    folders = services.folders_on_server()
    by_folder = "folder" in request.POST
    upload = UploadChallenge(*_given(request, not by_folder))
    folder = FolderOnServer(*_given(request, by_folder), folders=folders)
    form = folder if by_folder else upload
    problems: list[ProblemJson] = []
    if request.method == "POST" and form.is_valid():
        try:
            return _published(request, form.cleaned_data, only)
        except BadInput as error:
            problems = refusal(error)
    context |= {"upload": upload, "folder": folder if folders else None, "problems": problems}
    status = 422 if request.method == "POST" else 200
    return render(request, page, context, status=status)


def _given(request: HttpRequest, this_one: bool) -> tuple[Any, ...]:
    return (request.POST, request.FILES) if request.method == "POST" and this_one else ()


def _published(request: HttpRequest, given: dict[str, Any], only: Challenge | None) -> HttpResponse:
    source = (
        services.folder_on_server(given["folder"]) if "folder" in given else given["archive"].file
    )
    now = timezone.now()
    challenge = services.publish(
        source=source, by=cast(User, request.user), now=now, slug=only.slug if only else None
    )
    number = challenge.revision.number
    if challenge.revision.created_at < now:
        messages.info(request, f"Nothing has changed: revision {number} stays.")
    else:
        done = "is published" if number == 1 else f"is published anew, as revision {number}"
        messages.success(request, f"{challenge.title} {done}.")
    return redirect("challenges:organise", challenge.slug)


@login_required
@require_safe
def organise(request: HttpRequest, slug: str) -> HttpResponse:
    challenge, user = organised(request, slug, "challenges.review")
    context = organising_frame(request, challenge, "phases") | {
        "may_edit": user.has_perm("challenges.edit", challenge),
        "retired": challenge.phases.filter(retired=True),
    }
    return render(request, "challenges/organise.html", context)


@login_required
@get_or_post
def edit_phase(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    challenge, user = organised(request, slug, "challenges.edit")
    phase = get_object_or_404(challenge.phases, key=key, retired=False)
    form = PhaseForm(request.POST if request.method == "POST" else None, phase=phase)
    if form.is_valid():
        try:
            services.edit_phase(phase=phase, by=user, now=timezone.now(), **form.cleaned_data)
        except BadInput as error:
            for problem in error.problems:
                place = problem.place if problem.place in form.fields else None
                form.add_error(place, f"{problem.message}; {problem.remedy}".strip("; "))
        else:
            messages.success(request, f"{phase_title(phase)} is saved.")
            return redirect("challenges:organise", slug)
    title = phase_title(challenge.phases.get(pk=phase.pk))
    context = organising_frame(request, challenge, "phases", title) | {
        "form": form,
        "phase_title": title,
    }
    return render(
        request, "challenges/edit_phase.html", context, status=422 if form.errors else 200
    )


@login_required
@get_or_post
def people(request: HttpRequest, slug: str) -> HttpResponse:
    """Three small forms on one page; the button says which of them is meant."""
    challenge, user = organised(request, slug, "challenges.manage_people")
    given = request.POST if request.method == "POST" else None
    meant = request.POST.get("form", "")
    visibility = VisibilityForm(
        given if meant == "visibility" else None, initial={"visibility": challenge.visibility}
    )
    invitation = InviteForm(given if meant == "invite" else None)
    organiser = OrganiserForm(given if meant == "organiser" else None)
    chosen = {"visibility": visibility, "invite": invitation, "organiser": organiser}.get(meant)
    if chosen is not None and chosen.is_valid():
        try:
            messages.success(request, _change(meant, challenge, user, chosen.cleaned_data))
            return redirect("challenges:people", slug)
        except BadInput as error:
            for problem in error.problems:
                chosen.add_error(None, str(problem))
    context = organising_frame(request, challenge, "people", "People") | {
        "visibility": visibility,
        "invitation": invitation,
        "organiser": organiser,
        "organisers": challenge.organisers.select_related("user"),
        "invitations": challenge.invitations.order_by("email"),
    }
    failed = chosen is not None and bool(chosen.errors)
    return render(request, "challenges/people.html", context, status=422 if failed else 200)


def _change(meant: str, challenge: Challenge, by: User, given: dict[str, Any]) -> str:
    now = timezone.now()
    if meant == "visibility":
        visibility = Visibility(given["visibility"])
        services.set_visibility(challenge=challenge, visibility=visibility, by=by, now=now)
        return "The visibility is saved."
    if meant == "invite":
        new = services.invite(challenge=challenge, by=by, now=now, **given)
        return f"{new} invited." if new else "All of them were invited before."
    row = services.add_organiser(
        challenge=challenge, email=given["email"], role=Role(given["role"]), by=by, now=now
    )
    return f"{row.user.handle} is {row.get_role_display().lower()} now."


@login_required
@require_POST
def uninvite(request: HttpRequest, slug: str, invitation_id: int) -> HttpResponse:
    challenge, user = organised(request, slug, "challenges.manage_people")
    invitation = get_object_or_404(challenge.invitations, pk=invitation_id)
    services.uninvite(invitation=invitation, by=user, now=timezone.now())
    messages.success(request, f"{invitation.email} is not invited any more.")
    return redirect("challenges:people", slug)


@login_required
@get_or_post
def remove_organiser(request: HttpRequest, slug: str, organiser_id: int) -> HttpResponse:
    challenge, user = organised(request, slug, "challenges.manage_people")
    row = Organiser.objects.filter(pk=organiser_id, challenge=challenge).first()
    if row is None:
        raise Http404("no such organiser")
    if request.method == "POST":
        try:
            services.remove_organiser(organiser=row, by=user, now=timezone.now())
        except BadInput as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"{row.user.handle} organises this challenge no more.")
        return redirect("challenges:people", slug)
    context = organising_frame(request, challenge, "people", "Remove an organiser") | {"row": row}
    return render(request, "challenges/remove_organiser.html", context)
