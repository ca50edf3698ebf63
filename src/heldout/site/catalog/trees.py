"""The classes as a tree, with how many examples each has: its own and those of the classes below it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from heldout.datasets.annotations import Category
from heldout.datasets.index.engine import SqliteIndex
from heldout.datasets.index.marks import CLASSES, LABELS
from heldout.datasets.index.query import Query
from heldout.datasets.table import REFERENCE
from heldout.site.catalog import asking
from heldout.site.catalog.frames import find, frame

# An address with more classes than this would be too long to share.
MOST_LINKED = asking.MOST_VALUES
DEEPEST = 12


class Node(NamedTuple):
    """A class; `rows` counts examples that have it or a class below it, each once."""

    name: str
    rows: int
    address: str
    children: tuple[Node, ...]
    description: str


@require_safe
def classes(request: HttpRequest, slug: str) -> HttpResponse:
    seen = find(request, slug)
    index = seen.ready
    column = class_column(index)
    query = asking.read(request.GET, index.columns).query
    own = reverse("catalog:browse", args=[slug])
    tree = grow(index, query, column, index.summary.categories, own) if column else ()
    context = frame(request, seen, "classes") | {
        "tree": tree,
        "column": column,
        "total": len(index.summary.categories),
        "nested": any(node.children for node in tree),
    }
    return render(request, "catalog/classes.html", context)


def class_column(index: SqliteIndex) -> str:
    """The column that holds most of the declared classes."""
    declared = {one.name for one in index.summary.categories}
    best, held = "", 0
    for name in (CLASSES, LABELS, REFERENCE, "label", "class", "category"):
        column = index.columns.get(name)
        if column is None or not column.facet:
            continue
        found = len(declared & {one.value for one in index.facet(Query(), name)})
        if found > held:
            best, held = name, found
    return best


def grow(
    index: SqliteIndex, query: Query, column: str, categories: Sequence[Category], own: str
) -> tuple[Node, ...]:
    below: dict[str, list[str]] = {}
    known = {one.name: one for one in categories}
    for one in categories:
        for parent in one.parents or ("",):
            below.setdefault(parent if parent != one.name else "", []).append(one.name)
    tops = [name for name in below if name and name not in known]
    counts = {one.value: one.rows for one in index.facet(query, column)}

    def node(name: str, path: frozenset[str]) -> Node:
        inner = [one for one in below.get(name, ()) if one not in path and len(path) < DEEPEST]
        children = tuple(node(one, path | {one}) for one in inner)
        names = [name, *_names(children)] if name in known else _names(children)
        asked = replace(query, sort="").having(chosen={**dict(query.chosen), column: names})
        rows = index.count(asked) if children else counts.get(name, 0)
        linked = rows and len(names) <= MOST_LINKED
        where = own + asking.address(asked, index.columns) if linked else ""
        ordered = tuple(sorted(children, key=lambda one: (-one.rows, one.name)))
        return Node(name, rows, where, ordered, known[name].description if name in known else "")

    found = [node(name, frozenset({name})) for name in [*tops, *below.get("", ())]]
    return tuple(sorted(found, key=lambda one: (-one.rows, one.name)))


def _names(nodes: Iterable[Node]) -> list[str]:
    return [name for one in nodes for name in (one.name, *_names(one.children))]
