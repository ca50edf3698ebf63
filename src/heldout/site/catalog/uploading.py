"""Pages on which a person adds a data set of their own, and changes what is said of it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from heldout.errors import BadInput, Problem
from heldout.site.accounts.models import User
from heldout.site.catalog import counting, datasheet_views
from heldout.site.catalog.forms import AboutForm, AddForm
from heldout.site.catalog.frames import find, frame
from heldout.site.catalog.importing import Imported, import_data
from heldout.site.common import audit
from heldout.site.common.uploads import stream

MOST_TOLD = 200


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm("catalog.create"):
        raise PermissionDenied("You are not allowed to do this.")
    form = AddForm(request.POST or None, request.FILES or None, initial={"visibility": "private"})
    problems: list[Problem] = []
    if request.method == "POST" and form.is_valid():
        try:
            return _added(request, form)
        except BadInput as error:
            problems = list(error.problems)[:MOST_TOLD]
    failed = bool(problems or form.errors)
    context = {"section": "data", "form": form, "problems": problems}
    return render(request, "catalog/add.html", context, status=422 if failed else 200)


def _added(request: HttpRequest, form: AddForm) -> HttpResponse:
    assert isinstance(request.user, User)
    dataset = form.save(commit=False)
    dataset.slug, dataset.owner = form.cleaned_data["slug"], request.user
    file = form.cleaned_data["file"]
    imported = import_data(
        dataset=dataset,
        source=stream(file),
        name=file.name,
        by=request.user,
        now=timezone.now(),
        lenient=form.cleaned_data["lenient"],
    )
    messages.success(request, _words(imported))
    return redirect("catalog:browse", dataset.slug)


def _words(imported: Imported) -> str:
    left_out = len(imported.problems)
    faults = f" {left_out:,} faults were found and left out." if left_out else ""
    return f"{imported.examples:,} examples were taken in.{faults} Their index is being built."


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
