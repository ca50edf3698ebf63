"""Rows of the index as a page tells them: cards of the grid, lines of the table, cells of an item."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from django.urls import reverse

from heldout.datasets.index.columns import Column
from heldout.datasets.index.engine import SqliteIndex
from heldout.datasets.index.marks import CAPTIONS, CLASSES, LABELS
from heldout.datasets.index.query import Hit, Query
from heldout.datasets.table import MEDIA, REFERENCE
from heldout.site.catalog.asking import address, pairs
from heldout.site.catalog.facets import name_of
from heldout.site.catalog.models import DataSet

LONGEST = 80
MOST_COLUMNS = 8
# What a card says, the first that is there.
_LABELS = (REFERENCE, LABELS, "label", "labels", CLASSES, "category", "class")
_WORDS = ("caption", CAPTIONS, "question", "title", "text", "description")


class Card(NamedTuple):
    id: str
    address: str
    image: str
    alt: str
    label: str
    words: str


class Line(NamedTuple):
    id: str
    address: str
    image: str
    cells: tuple[str, ...]


class Cell(NamedTuple):
    """A column of an item; a value that can be filtered by leads to the rows that have it."""

    column: str
    values: tuple[tuple[str, str], ...]
    long: bool


def item_address(dataset: DataSet, hit: Hit, query: Query, columns: Mapping[str, Column]) -> str:
    asked = [("split", hit.split), ("id", hit.id), *pairs(query, columns)]
    return f"{reverse('catalog:item', args=[dataset.slug])}?{urlencode(asked)}"


def thumbnail_address(dataset: DataSet, hit: Hit) -> str:
    name = hit.cells.get(MEDIA)
    if not name:
        return ""
    return reverse("catalog:thumbnail", args=[dataset.slug, dataset.current_id, name])


def cards(index: SqliteIndex, dataset: DataSet, hits: Iterable[Hit], query: Query) -> list[Card]:
    return [_card(index, dataset, hit, query) for hit in hits]


def _card(index: SqliteIndex, dataset: DataSet, hit: Hit, query: Query) -> Card:
    label, words = (_first(hit, names) for names in (_LABELS, _WORDS))
    where = item_address(dataset, hit, query, index.columns)
    alt = f"Example {hit.id}" + (f": {words or label}" if words or label else "")
    return Card(
        hit.id, where, thumbnail_address(dataset, hit), cut(alt, 160), cut(label), cut(words)
    )


def _first(hit: Hit, names: Iterable[str]) -> str:
    return next((text for one in names if (text := told(hit.cells.get(one)))), "")


def told(value: object) -> str:
    """A cell for people."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(told(one) for one in value)
    return f"{value:,.6g}" if isinstance(value, float) else str(value)


def cut(text: str, longest: int = LONGEST) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def headings(index: SqliteIndex) -> list[str]:
    return [name for name in index.columns if name not in ("split", "example_id", MEDIA)][
        :MOST_COLUMNS
    ]


def lines(index: SqliteIndex, dataset: DataSet, hits: Iterable[Hit], query: Query) -> list[Line]:
    names = headings(index)
    return [
        Line(
            hit.id,
            item_address(dataset, hit, query, index.columns),
            thumbnail_address(dataset, hit),
            tuple(cut(told(hit.cells.get(name))) for name in names),
        )
        for hit in hits
    ]


def cells(index: SqliteIndex, dataset: DataSet, hit: Hit) -> list[Cell]:
    browse = reverse("catalog:browse", args=[dataset.slug])
    return [
        _cell(index.columns[name], value, browse, index.columns)
        for name, value in hit.cells.items()
        if value not in (None, "", []) and name != MEDIA
    ]


def _cell(column: Column, value: object, browse: str, columns: Mapping[str, Column]) -> Cell:
    values = value if isinstance(value, list) else [value]
    if not column.facet:
        text = told(value)
        return Cell(column.name, ((text, ""),), len(text) > LONGEST)
    found = []
    for one in values:
        key = str(one).lower() if isinstance(one, bool) else str(one)
        where = address(Query.of(chosen={column.name: [key]}), columns)
        found.append((name_of(key), browse + where))
    return Cell(column.name, tuple(found), long=False)
