"""The page on which an owner says who sees what, and looks at the data as others do."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from heldout.datasets.index.views import Role
from heldout.errors import BadInput
from heldout.site.accounts.models import User
from heldout.site.catalog import visibility as service
from heldout.site.catalog.frames import LOOK_AS, Seen, find, frame
from heldout.site.catalog.indexes import open_index

_TITLES = {
    "splits": ("Splits", "Whether others know that these examples exist at all."),
    "columns": (
        "Columns",
        "In every split. The name and the image of an example are seen with it.",
    ),
    "annotations": ("Annotations", "Boxes, outlines, labels and answers of each split."),
}


class Choice(NamedTuple):
    field: str
    rule: service.Rule
    options: tuple[tuple[int, str, bool], ...]


class Group(NamedTuple):
    title: str
    words: str
    choices: tuple[Choice, ...]


class Sight(NamedTuple):
    """What a role sees, read from the index it gets; None while that is being built."""

    role: int
    name: str
    rows: int | None
    splits: tuple[tuple[str, int], ...]
    columns: tuple[str, ...]


def _own(request: HttpRequest, slug: str) -> tuple[Seen, User]:
    seen = find(request, slug)
    if not request.user.has_perm("catalog.edit", seen.dataset):
        raise Http404("There is no such page.")
    assert isinstance(request.user, User)
    return seen, request.user


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def visibility(request: HttpRequest, slug: str) -> HttpResponse:
    seen, user = _own(request, slug)
    choices = [_choice(one, place) for place, one in enumerate(service.rules_of(seen.revision))]
    if request.method == "POST":
        if request.POST.get("revision") != str(seen.revision.pk):
            messages.error(request, "There is a newer revision. Nothing was saved; look again.")
            return redirect("catalog:visibility", slug)
        return _saved(request, seen, choices, user)
    sights = [_sight(seen, role) for role in Role]
    context = frame(request, seen, "visibility") | {
        "groups": [
            Group(title, words, tuple(one for one in choices if one.rule.part == part))
            for part, (title, words) in _TITLES.items()
        ],
        "sights": sights,
        "indexing": any(one.rows is None for one in sights),
        "participants": seen.dataset.participants.order_by("handle"),
    }
    return render(request, "catalog/visibility.html", context)


def _choice(rule: service.Rule, place: int) -> Choice:
    options = tuple((int(role), name, role == rule.role) for role, name in service.NAMES.items())
    return Choice(f"{rule.part}-{place}", rule, options)


def _sight(seen: Seen, role: Role) -> Sight:
    index, name = open_index(seen.revision, role), service.NAMES[role]
    if index is None:
        return Sight(int(role), name, None, (), ())
    summary = index.summary
    columns = tuple(one.name for one in summary.columns)
    return Sight(int(role), name, summary.rows, tuple(summary.splits.items()), columns)


def _saved(request: HttpRequest, seen: Seen, choices: list[Choice], user: User) -> HttpResponse:
    """A choice that is not in the form, or is none, stays as it is."""
    asked = {
        (one.rule.part, one.rule.name): _role(request.POST.get(one.field, ""), one.rule.role)
        for one in choices
    }
    changed = service.set_rules(revision=seen.revision, rules=asked, by=user, now=timezone.now())
    words = "Saved. Others see nothing until the indexes are built anew."
    messages.success(request, words if changed else "Nothing was changed.")
    return redirect("catalog:visibility", seen.dataset.slug)


def _role(given: str, before: Role) -> Role:
    return Role(int(given)) if given in {str(int(role)) for role in Role} else before


@login_required
@require_POST
def look(request: HttpRequest, slug: str) -> HttpResponse:
    """See the pages of a data set as a lesser role does, until one stops."""
    seen, _ = _own(request, slug)
    chosen: dict[str, Any] = dict(request.session.get(LOOK_AS, {}))
    chosen.pop(slug, None)
    role = _role(request.POST.get("role", ""), Role.ORGANISER)
    if role < Role.ORGANISER:
        chosen[slug] = int(role)
    request.session[LOOK_AS] = chosen
    where = "catalog:browse" if role < Role.ORGANISER else "catalog:visibility"
    return redirect(where, seen.dataset.slug)


@login_required
@require_POST
def share(request: HttpRequest, slug: str) -> HttpResponse:
    seen, user = _own(request, slug)
    try:
        person = service.share(
            dataset=seen.dataset,
            with_whom=request.POST.get("person", "")[:300].replace("\0", ""),
            by=user,
            now=timezone.now(),
        )
        messages.success(request, f"{person.handle} sees what is for participants.")
    except BadInput as error:
        messages.error(request, str(error))
    return redirect(f"{reverse('catalog:visibility', args=[slug])}#participants")


@login_required
@require_POST
def unshare(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    seen, user = _own(request, slug)
    person = get_object_or_404(seen.dataset.participants, pk=pk)
    service.unshare(dataset=seen.dataset, person=person, by=user, now=timezone.now())
    messages.success(request, f"{person.handle} is no participant any more.")
    return redirect(f"{reverse('catalog:visibility', args=[slug])}#participants")
