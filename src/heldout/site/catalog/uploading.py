"""Pages on which a person adds data of their own, follows how they are read, and describes them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from heldout.errors import BadInput, Problem
from heldout.site.accounts.models import User
from heldout.site.catalog import counting, datasheet_views
from heldout.site.catalog import intake as intakes
from heldout.site.catalog.forms import AboutForm, AddForm, UploadForm
from heldout.site.catalog.frames import find, frame
from heldout.site.catalog.models import DataSet, Intake
from heldout.site.common import audit
from heldout.site.common.uploads import stream


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm("catalog.create"):
        raise PermissionDenied("You are not allowed to do this.")
    form = AddForm(request.POST or None, request.FILES or None)
    problems: tuple[Problem, ...] = ()
    if request.method == "POST" and form.is_valid():
        assert isinstance(request.user, User)
        dataset = form.save(commit=False)
        dataset.slug, dataset.owner = form.cleaned_data["slug"], request.user
        try:
            return _taken_in(request, dataset, form.cleaned_data)
        except BadInput as error:
            problems = error.problems
    context = {"section": "data", "form": form, "problems": problems}
    status = 422 if problems or form.errors else 200
    return render(request, "catalog/add.html", context, status=status)


def _taken_in(request: HttpRequest, dataset: DataSet, given: dict[str, Any]) -> HttpResponse:
    assert isinstance(request.user, User)
    intake = intakes.take_in(
        dataset=dataset,
        upload=stream(given["file"]),
        name=given["file"].name,
        lenient=given["lenient"],
        notes=given.get("notes", ""),
        by=request.user,
        now=timezone.now(),
    )
    return redirect("catalog:intake", intake.pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def revise(request: HttpRequest, slug: str) -> HttpResponse:
    """Upload the next revision."""
    seen = find(request, slug)
    if not request.user.has_perm("catalog.edit", seen.dataset):
        raise Http404("There is no such page.")
    form = UploadForm(request.POST or None, request.FILES or None)
    problems: tuple[Problem, ...] = ()
    if request.method == "POST" and form.is_valid():
        try:
            return _taken_in(request, seen.dataset, form.cleaned_data)
        except BadInput as error:
            problems = error.problems
    context = frame(request, seen, "about") | {"form": form, "problems": problems}
    status = 422 if problems or form.errors else 200
    return render(request, "catalog/revise.html", context, status=status)


def _own(request: HttpRequest, pk: int) -> Intake:
    """An upload is nobody's business but its sender's."""
    found = Intake.objects.select_related("dataset__current", "revision")
    return get_object_or_404(found, pk=pk, asked_by=request.user.pk)


@login_required
@require_safe
def intake(request: HttpRequest, pk: int) -> HttpResponse:
    found = _own(request, pk)
    indexing = found.revision is not None and not found.revision.indexes.exists()
    context = {
        "section": "data",
        "intake": found,
        "open": found.state in intakes.OPEN or indexing,
        "indexing": indexing,
        "crumbs": [("Data sets", reverse("catalog:list")), (found.name, "")],
    }
    return render(request, "catalog/intake.html", context)


@login_required
@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    assert isinstance(request.user, User)
    lenient = "lenient" in request.POST
    intakes.retry(intake=_own(request, pk), lenient=lenient, by=request.user, now=timezone.now())
    return redirect("catalog:intake", pk)


@login_required
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    assert isinstance(request.user, User)
    found = _own(request, pk)
    try:
        intakes.remove(intake=found, by=request.user, now=timezone.now())
    except BadInput as error:
        messages.error(request, str(error))
        return redirect("catalog:intake", pk)
    messages.success(request, f"The upload {found.name} was taken away.")
    return redirect("catalog:list")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    seen = find(request, slug)
    if not request.user.has_perm("catalog.edit", seen.dataset):
        raise Http404("There is no such page.")
    counting.request_facts(revision=seen.revision, now=timezone.now())
    form = AboutForm(request.POST or None, instance=seen.dataset)
    if request.method == "POST" and form.is_valid():
        form.save()
        by = request.user if isinstance(request.user, User) else None
        audit.record("data described", by=by, on=seen.dataset, now=timezone.now())
        messages.success(request, "Saved.")
        return redirect("catalog:about", slug)
    in_the_way = datasheet_views.addressed(seen.dataset, form.in_the_way)
    context = frame(request, seen, "about") | {"form": form, "in_the_way": in_the_way}
    return render(request, "catalog/edit.html", context, status=422 if form.errors else 200)
