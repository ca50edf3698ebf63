"""What the frame of every page of a data set needs: its head, its tabs, the viewer's index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone

from heldout.datasets.index.engine import SqliteIndex
from heldout.datasets.index.views import Role
from heldout.site.catalog import facets, jsonld
from heldout.site.catalog.grants import role_of
from heldout.site.catalog.indexes import open_index
from heldout.site.catalog.models import DataRevision, DataSet
from heldout.site.catalog.services import request_index
from heldout.site.catalog.tabs import About, tabs_of

# The owner's session says here which data sets they look at as somebody else does.
LOOK_AS = "look-as"
_LOOKS = {int(Role.PUBLIC): "everybody does", int(Role.PARTICIPANT): "participants do"}


@dataclass(frozen=True, slots=True)
class Seen:
    """A data set as one viewer sees it; `index` is None until it is built."""

    dataset: DataSet
    revision: DataRevision
    role: Role
    index: SqliteIndex | None

    @property
    def ready(self) -> SqliteIndex:
        if self.index is None:
            raise Http404("The index of this data set is not built yet.")
        return self.index


def find(request: HttpRequest, slug: str) -> Seen:
    """What a viewer may not see is not there."""
    dataset = DataSet.objects.select_related("current", "owner").filter(slug=slug).first()
    role = role_of(request.user, dataset) if dataset is not None else None
    if dataset is None or role is None or dataset.current is None:
        raise Http404("There is no such data set.")
    role = _looking_as(request, dataset, role)
    index = open_index(dataset.current, role)
    if index is None:
        # Data published before there were indexes, or by a version that built others.
        request_index(revision=dataset.current, now=timezone.now())
    return Seen(dataset, dataset.current, role, index)


def _looking_as(request: HttpRequest, dataset: DataSet, role: Role) -> Role:
    """A lesser role that the owner tries; never a greater one."""
    chosen = request.session.get(LOOK_AS, {}).get(dataset.slug, int(role))
    return min(role, Role(chosen))


def _role_words(seen: Seen) -> str:
    """Of data of one's own nothing is held out, unless one hides it."""
    own = seen.dataset.owner_id is not None and seen.role == Role.ORGANISER
    if not own:
        return facets.role_words(seen.role)
    return "With what you hide from others." if jsonld.hides_something(seen.revision) else ""


def frame(request: HttpRequest, seen: Seen, tab: str) -> dict[str, Any]:
    """The context of `catalog/base.html`."""
    dataset = seen.dataset
    shown = tabs_of(About(dataset, seen.role, seen.index))
    here = next((item for item in shown if item.key == tab), shown[0])
    own = reverse("catalog:browse", args=[dataset.slug])
    crumbs = [("Data sets", reverse("catalog:list")), (dataset.title, own)]
    crumbs = [*crumbs, (here.name, "")] if tab != "browse" else [crumbs[0], (dataset.title, "")]
    return {
        "section": "data",
        "dataset": dataset,
        "revision": seen.revision,
        "role_words": _role_words(seen),
        "looking_as": _LOOKS.get(request.session.get(LOOK_AS, {}).get(dataset.slug), ""),
        "index": seen.index,
        "tabs": shown,
        "tab": tab,
        "tab_title": here.name if tab != "browse" else "",
        "crumbs": crumbs,
        "jsonld": jsonld.script(request, seen.dataset, seen.revision, seen.role),
    }
