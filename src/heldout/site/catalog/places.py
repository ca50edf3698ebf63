"""Where the examples are from: points on a grid of degrees, drawn here; no maps are fetched."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from heldout.datasets.index.engine import SqliteIndex
from heldout.datasets.index.query import Query, Range
from heldout.site.catalog import asking, facets
from heldout.site.catalog.frames import find, frame

# Points of one cell are one circle; where there are too many cells, larger ones.
CELLS = (1, 2, 5, 10)
MOST_CIRCLES = 400


class Circle(NamedTuple):
    x: float
    y: float
    radius: float
    rows: int
    words: str
    address: str


@require_safe
def world(request: HttpRequest, slug: str) -> HttpResponse:
    seen = find(request, slug)
    index = seen.ready
    if index.places is None:
        raise Http404("These data have no places.")
    asked = asking.read(request.GET, index.columns)
    own = reverse("catalog:browse", args=[slug])
    found, without = circles(index, asked.query, own)
    ranges = facets.range_panels(index, asked.query)
    panels = facets.panels(index, asked.query)
    context = frame(request, seen, "map") | {
        "notes": asked.notes,
        "circles": found,
        "without": without,
        "query": asked.query,
        "chips": facets.chips(index, asked.query),
        "ranges": [one for one in ranges if one.column not in index.places],
        "panels": [one for one in panels if one.distinct <= facets.SHOWN * 8],
        "total": index.count(asked.query),
        "browse": own + asking.address(asked.query, index.columns),
        "parallels": range(-60, 90, 30),
        "meridians": range(-150, 180, 30),
    }
    return render(request, "catalog/map.html", context)


def circles(index: SqliteIndex, query: Query, own: str) -> tuple[list[Circle], int]:
    """Circles, the largest first, and how many examples have no place on the map."""
    assert index.places is not None
    latitude, longitude = index.numbers(query, index.places)
    on_map = (np.abs(latitude) <= 90) & (np.abs(longitude) <= 180)
    latitude, longitude = latitude[on_map], longitude[on_map]
    for cell in CELLS:
        rows = np.minimum((latitude + 90) // cell, 180 // cell - 1).astype(np.int64)
        columns = np.minimum((longitude + 180) // cell, 360 // cell - 1).astype(np.int64)
        cells, counts = np.unique(rows * 360 + columns, return_counts=True)
        if len(cells) <= MOST_CIRCLES:
            break
    most = counts.max() if len(counts) else 1
    order = np.argsort(-counts)[:MOST_CIRCLES]
    found = [
        _circle(
            index,
            query,
            own,
            (int(cells[one]) // 360, int(cells[one]) % 360, cell),
            int(counts[one]),
            int(most),
        )
        for one in order
    ]
    return found, int((~on_map).sum())


def _circle(
    index: SqliteIndex, query: Query, own: str, place: tuple[int, int, int], rows: int, most: int
) -> Circle:
    assert index.places is not None
    row, column, cell = place
    south, west = row * cell - 90, column * cell - 180
    # Half-open, but for the last cell of all: a neighbour's border is not counted twice.
    north, east = (
        float(np.nextafter(low + cell, -np.inf)) if low + cell < end else float(end)
        for low, end in ((south, 90), (west, 180))
    )
    bounds = zip(index.places, (Range(south, north), Range(west, east)), strict=True)
    asked = replace(query, sort="").having(ranges={**dict(query.ranges), **dict(bounds)})
    where = own + asking.address(asked, index.columns)
    words = f"{_degrees(south, 'SN')}, {_degrees(west, 'WE')}: {rows:,}"
    radius = 1.2 + 5 * (rows / most) ** 0.5
    return Circle(west + cell / 2 + 180, 90 - south - cell / 2, radius, rows, words, where)


def _degrees(number: int, letters: str) -> str:
    return f"{abs(number)}° {letters[number >= 0]}"
