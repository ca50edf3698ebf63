"""The datasheet of a data set: read by whoever sees it, filled in section by section by its owner."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from heldout.challenge.datasheet import NO_PEOPLE, sections
from heldout.errors import BadInput, Problem
from heldout.site.accounts.models import User
from heldout.site.catalog import counting, datasheets
from heldout.site.catalog.datasheets import Answer, Asked, Given, Part, Saved
from heldout.site.catalog.frames import Seen, find, frame
from heldout.site.catalog.models import DataSet
from heldout.site.common.formatting import count_text
from heldout.site.common.uploads import stream

_LARGEST = 1_000_000


@require_safe
def read(request: HttpRequest, slug: str) -> HttpResponse:
    seen = find(request, slug)
    return render(request, "catalog/datasheet.html", _context(request, seen))


def _context(request: HttpRequest, seen: Seen) -> dict[str, Any]:
    facts = counting.facts_of(seen.revision)
    if facts is None:
        counting.request_facts(revision=seen.revision, now=timezone.now())
    parts = datasheets.parts_of(seen.revision, facts)
    asked = [one for part in parts for one in part.asked]
    return frame(request, seen, "datasheet") | {
        "parts": parts,
        "counted": facts is not None,
        "failure": counting.failure_of(seen.revision) if facts is None else "",
        "answered": sum(one.is_answered for one in asked),
        "total": len(asked),
        "awaited": sum(one.awaited and not one.is_answered for one in asked),
        "missing": [(part, one) for part in parts for one in part.asked if one.is_missing],
        "may_edit": request.user.has_perm("catalog.document", seen.dataset),
        "people_open": any(one.question.people and not one.text for one in asked),
    }


def _editable(request: HttpRequest, slug: str) -> tuple[Seen, User]:
    """Who may not edit a datasheet is not told that it can be edited."""
    seen = find(request, slug)
    if not request.user.has_perm("catalog.document", seen.dataset):
        raise Http404("There is no such page.")
    assert isinstance(request.user, User)
    return seen, request.user


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def section(request: HttpRequest, slug: str, section: str) -> HttpResponse:
    seen, user = _editable(request, slug)
    context = _context(request, seen)
    parts: list[Part] = context["parts"]
    here = next((part for part in parts if part.section.id == section), None)
    if here is None:
        raise Http404("The datasheet has no such section.")
    given, saved, problem = {}, Saved((), {}), ""
    if request.method == "POST":
        given = _given(request, here)
        try:
            saved = datasheets.save(dataset=seen.dataset, given=given, by=user, now=timezone.now())
        except BadInput as error:
            problem = str(error)
        if not saved.conflicts and not problem:
            return _onwards(request, seen, parts, here, saved)
    own = reverse("catalog:datasheet", args=[slug])
    crumbs = [*context["crumbs"][:-1], ("Datasheet", own), (here.section.title, "")]
    context |= {
        "part": here,
        "fields": [_field(one, given.get(one.question.id), saved) for one in here.asked],
        "conflicts": len(saved.conflicts),
        "saved": len(saved.saved),
        "problem": problem,
        "no_people": NO_PEOPLE,
        "crumbs": crumbs,
        "last": here.number == len(parts),
    }
    status = 409 if saved.conflicts else 422 if problem else 200
    return render(request, "catalog/datasheet_section.html", context, status=status)


def _given(request: HttpRequest, part: Part) -> dict[str, Given]:
    """The answers of the section's questions that are in the form; others stay as they are."""
    found = {}
    for one in part.asked:
        name = one.question.id
        seen = request.POST.get(f"seen-{name}", "")
        if f"answer-{name}" in request.POST and seen.isdecimal() and len(seen) < 9:
            found[name] = Given(request.POST[f"answer-{name}"], int(seen))
    return found


def _field(asked: Asked, given: Given | None, saved: Saved) -> dict[str, Any]:
    """A question with what stands in its field: what was just typed, else what is kept."""
    name = asked.question.id
    other: Answer | None = saved.conflicts.get(name)
    number = other.number if other else asked.number + (name in saved.saved)
    return {
        "asked": asked,
        "text": given.text if given is not None else asked.text,
        "number": number,
        "other": other,
    }


def _onwards(
    request: HttpRequest, seen: Seen, parts: list[Part], here: Part, saved: Saved
) -> HttpResponse:
    kept = count_text(len(saved.saved), "answer")
    messages.success(request, f"{kept} saved." if saved.saved else "Nothing was changed.")
    name = here.section.id
    if "next" in request.POST and here.number < len(parts):
        name = parts[here.number].section.id
    elif "next" in request.POST:
        return redirect("catalog:datasheet", seen.dataset.slug)
    return redirect("catalog:datasheet-section", seen.dataset.slug, name)


@login_required
@require_POST
def no_people(request: HttpRequest, slug: str) -> HttpResponse:
    seen, user = _editable(request, slug)
    answered = datasheets.no_people(dataset=seen.dataset, by=user, now=timezone.now())
    messages.success(request, f"{count_text(answered, 'question')} answered: {NO_PEOPLE}")
    return redirect("catalog:datasheet", slug)


@login_required
@require_POST
def bring(request: HttpRequest, slug: str) -> HttpResponse:
    seen, user = _editable(request, slug)
    try:
        taken = datasheets.bring(
            dataset=seen.dataset, text=_text(request), by=user, now=timezone.now()
        )
    except BadInput as error:
        context = _context(request, seen) | {"problems": error.problems}
        return render(request, "catalog/datasheet.html", context, status=422)
    messages.success(request, f"{count_text(taken, 'answer')} taken over from the file.")
    return redirect("catalog:datasheet", slug)


def _text(request: HttpRequest) -> str:
    file = request.FILES.get("file")
    if file is None or (file.size or 0) > _LARGEST:
        remedy = "choose a datasheet.md of at most 1 MB"
        raise BadInput([Problem("file", "there is none, or it is too large", remedy)])
    try:
        return stream(file).read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput([Problem("file", "is not text in UTF-8", "save it as UTF-8")]) from None


def addressed(dataset: DataSet, problems: Iterable[Problem]) -> list[tuple[Problem, str]]:
    """Each problem with the place at which its question is answered."""
    places = {one.id: part.id for part in sections() for one in part.questions}
    whole = reverse("catalog:datasheet", args=[dataset.slug])
    return [
        (one, f"{whole}{places[one.place]}/#{one.place}" if one.place in places else whole)
        for one in problems
    ]
