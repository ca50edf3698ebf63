"""The tabs of a data set's pages. Another app adds its own with `register`, from its `ready`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from django.urls import reverse

from heldout.datasets.index.engine import SqliteIndex
from heldout.datasets.index.views import Role
from heldout.site.catalog.leaks import shown_to_all
from heldout.site.catalog.models import DataSet


@dataclass(frozen=True, slots=True)
class About:
    """What decides whether a tab is shown; `index` is None until it is built."""

    dataset: DataSet
    role: Role
    index: SqliteIndex | None


class Spec(NamedTuple):
    """A tab: the name of its view, which takes the data set's slug, and for whom it is."""

    key: str
    name: str
    view: str
    order: int
    shown: Callable[[About], bool]


class Tab(NamedTuple):
    key: str
    name: str
    address: str


_TABS: list[Spec] = []


def register(
    key: str,
    name: str,
    view: str,
    *,
    order: int,
    shown: Callable[[About], bool] = lambda about: True,
) -> None:
    _TABS.append(Spec(key, name, view, order, shown))


def tabs_of(about: About) -> list[Tab]:
    found = sorted((one for one in _TABS if one.shown(about)), key=lambda one: one.order)
    return [Tab(one.key, one.name, reverse(one.view, args=[about.dataset.slug])) for one in found]


def _has_classes(about: About) -> bool:
    return about.index is not None and bool(about.index.summary.categories)


def _has_places(about: About) -> bool:
    return about.index is not None and about.index.places is not None


def _has_splits(about: About) -> bool:
    return about.index is not None and len(about.index.summary.splits) > 1


def _may_see_leaks(about: About) -> bool:
    revision = about.dataset.current
    if revision is None or not _has_splits(about):
        return False
    return about.role >= Role.ORGANISER or shown_to_all(revision)


def _is_own(about: About) -> bool:
    return about.dataset.owner_id is not None and about.role == Role.ORGANISER


register("browse", "Browse", "catalog:browse", order=10)
register("classes", "Classes", "catalog:classes", order=20, shown=_has_classes)
register("map", "Map", "catalog:map", order=30, shown=_has_places)
register("statistics", "Statistics", "catalog:statistics", order=35)
register("compare", "Compare splits", "catalog:compare", order=40, shown=_has_splits)
register("datasheet", "Datasheet", "catalog:datasheet", order=70)
register("documents", "Documents", "catalog:documents", order=80)
register("leaks", "Leaks", "catalog:leaks", order=45, shown=_may_see_leaks)
register("visibility", "Who sees what", "catalog:visibility", order=85, shown=_is_own)
register("about", "About and files", "catalog:about", order=90)
