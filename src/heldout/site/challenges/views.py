from __future__ import annotations

import hashlib
import mimetypes
from typing import Any, NamedTuple

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_safe

from heldout.datasets.tasks import TASKS
from heldout.errors import BadInput
from heldout.site.accounts.models import User
from heldout.site.catalog import preview
from heldout.site.catalog.models import DataFile, DataRevision
from heldout.site.catalog.responses import send
from heldout.site.catalog.services import media_path, path_of
from heldout.site.challenges import services
from heldout.site.challenges.computing import what_it_takes
from heldout.site.challenges.forms import AcceptTerms
from heldout.site.challenges.frames import (
    PhaseView,
    current,
    frame,
    phase_views,
    primary_measure,
)
from heldout.site.challenges.lookup import find_challenge
from heldout.site.challenges.measures import task_title
from heldout.site.challenges.models import Challenge, TermsAcceptance

# Everything else an organiser may have put into the data is downloaded, never rendered.
_PICTURES = {"image/png", "image/jpeg", "image/webp", "image/gif"}


class Listed(NamedTuple):
    challenge: Challenge
    task: str
    metric: str
    entrants: int
    phase: PhaseView | None


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    found = services.visible(request.user).filter(current__isnull=False)
    counted = found.annotate(entrant_count=Count("entrants")).prefetch_related("phases")
    challenges = [
        Listed(
            challenge,
            task_title(challenge.task),
            primary_measure(challenge).title,
            challenge.entrant_count,
            current(phase_views(challenge, now)),
        )
        for challenge in counted
    ]
    may_create = request.user.has_perm("challenges.create")
    context = {"section": "challenges", "challenges": challenges, "may_create": may_create}
    return render(request, "challenges/list.html", context)


@require_safe
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    challenge = find_challenge(slug, request.user)
    definition = challenge.revision.definition
    context = frame(request, challenge, "overview") | {
        "task": TASKS.get(challenge.task) or {"title": challenge.task},
        "classes": definition["challenge"].get("classes", []),
        "prizes": challenge.prizes,
        "latest": challenge.announcements.first(),
        "entrants": challenge.entrants.count(),
        "accepted": services.has_accepted_terms(challenge, request.user),
        "outlook": what_it_takes(challenge, today=timezone.localdate()),
    }
    return render(request, "challenges/overview.html", context)


@require_safe
def data(request: HttpRequest, slug: str) -> HttpResponse:
    challenge = find_challenge(slug, request.user)
    revision = challenge.revision.data
    files = list(revision.files.all())
    context = frame(request, challenge, "data") | {
        "files": [_download(challenge, file) for file in files]
    }
    return render(request, "challenges/data.html", context | _glance(challenge, files))


def _download(challenge: Challenge, file: DataFile) -> dict[str, Any]:
    address = reverse("api:file", args=[challenge.slug, file.name])
    shown = ("name", "split", "size", "sha256", "examples")
    return {"address": address, **{name: getattr(file, name) for name in shown}}


def _glance(challenge: Challenge, files: list[DataFile]) -> dict[str, Any]:
    """Examples and columns of the first split that comes with its answers."""
    about = challenge.revision.definition["data"]
    for file in (one for one in files if one.split):
        table = preview.glance(path_of(file))
        if "reference" in table.columns:
            columns = preview.columns(table, _meanings(about))
            shown = _examples(challenge, table, about)
            return {"preview_split": file.split, "columns": columns, "examples": shown}
    return {}


def _examples(challenge: Challenge, table: Any, about: dict[str, Any]) -> list[dict[str, Any]]:
    media = about.get("media")
    if not media or not preview.shows_images(challenge.task):
        return []
    revision = challenge.revision.data
    found = preview.examples(table, id_column=about["id"], media_column=media)
    paths = [(example, media_path(revision, example.media)) for example in found]
    return [
        {
            "id": example.id,
            "label": example.label,
            "address": reverse(
                "challenges:media", args=[challenge.slug, revision.pk, example.media]
            ),
            "tiny": preview.is_tiny(path),
        }
        for example, path in paths
        if path is not None
    ]


def _meanings(about: dict[str, Any]) -> dict[str, str]:
    subgroups = {name for group in about.get("subgroups", []) for name in _names(group)}
    meanings = dict.fromkeys(subgroups, "Scores are broken down by it.")
    meanings |= {
        about["id"]: "Names the example; predictions repeat it.",
        "reference": "The answer. Held-out splits have no such column.",
    }
    if about.get("media"):
        meanings[about["media"]] = "The image's file, relative to the table."
    if about.get("cluster"):
        words = "Examples that share it are drawn together for intervals."
        meanings[about["cluster"]] = " ".join(filter(None, [meanings.get(about["cluster"]), words]))
    return meanings


def _names(group: str | list[str]) -> list[str]:
    return [group] if isinstance(group, str) else group


@require_safe
def media(request: HttpRequest, slug: str, revision_id: int, name: str) -> HttpResponseBase:
    challenge = find_challenge(slug, request.user)
    services.require(request.user, "challenges.download", challenge)
    revision = get_object_or_404(DataRevision, pk=revision_id, dataset=challenge.dataset)
    path = media_path(revision, name)
    if path is None:
        raise Http404("no such file")
    picture = mimetypes.guess_type(path.name)[0] in _PICTURES
    etag = f'"{revision.pk}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"'
    response = send(request, path, name=path.name, etag=etag, attachment=not picture)
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def rules(request: HttpRequest, slug: str) -> HttpResponse:
    challenge = find_challenge(slug, request.user)
    if request.method == "POST" and isinstance(request.user, User):
        return _accept(request, challenge, request.user)
    form = AcceptTerms(initial={"digest": challenge.revision.terms_digest})
    return _show_rules(request, challenge, form)


def _show_rules(request: HttpRequest, challenge: Challenge, form: AcceptTerms) -> HttpResponse:
    accepted = _acceptance(challenge, request.user)
    context = frame(request, challenge, "rules") | {
        "form": form,
        "accepted_at": accepted.accepted_at if accepted else None,
    }
    return render(request, "challenges/rules.html", context, status=422 if form.errors else 200)


def _acceptance(challenge: Challenge, user: services.Viewer) -> TermsAcceptance | None:
    if not isinstance(user, User):
        return None
    digest = challenge.revision.terms_digest
    return challenge.acceptances.filter(user=user, terms_digest=digest).first()


def _accept(request: HttpRequest, challenge: Challenge, user: User) -> HttpResponse:
    form = AcceptTerms(request.POST)
    if not form.is_valid():
        return _show_rules(request, challenge, form)
    now = timezone.now()
    try:
        digest = form.cleaned_data["digest"]
        services.accept_terms(challenge=challenge, user=user, terms_digest=digest, now=now)
        entrant = services.join(challenge=challenge, user=user, now=now)
    except BadInput as error:
        messages.error(request, str(error))
        return redirect("challenges:rules", challenge.slug)
    messages.success(request, f"You take part as {entrant.name}.")
    onward = request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(onward, {request.get_host()}, request.is_secure()):
        return redirect(onward)
    return redirect("submissions:submit", challenge.slug)
