"""Two splits side by side: the same columns counted in each, each count leading to its rows."""

from __future__ import annotations

from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from heldout.datasets.index.columns import SPLIT, Column
from heldout.datasets.index.engine import SqliteIndex
from heldout.datasets.index.query import Query, Range
from heldout.site.catalog import asking, cards
from heldout.site.catalog.facets import MOST_PANELS, below, name_of, told
from heldout.site.catalog.frames import Seen, find, frame
from heldout.site.catalog.statistics_views import of_splits

LINES = 10
GLANCE = 8


class Side(NamedTuple):
    rows: int
    share: float
    address: str


class Line(NamedTuple):
    """A value, how often each split has it, and by how many points the shares differ."""

    name: str
    left: Side
    right: Side
    difference: float


class Section(NamedTuple):
    column: str
    lines: tuple[Line, ...]
    hidden: int


@require_safe
def compare(request: HttpRequest, slug: str) -> HttpResponse:
    seen = find(request, slug)
    names = list(seen.ready.summary.splits)
    left, right = (_named(request.GET.get(side, ""), names, place) for place, side in _SIDES)
    asked = asking.read(request.GET, seen.ready.columns).query.without(SPLIT)
    context = frame(request, seen, "compare") | {
        "names": names,
        "left": left,
        "right": right,
        "statistics": of_splits(seen, left, right),
        "sections": _sections(seen, asked, (left, right)),
        "glances": [(one, _glance(seen, asked, one)) for one in (left, right)],
        "sizes": [seen.ready.count(asked.narrowed(SPLIT, one)) for one in (left, right)],
    }
    return render(request, "catalog/compare.html", context)


_SIDES = ((0, "left"), (1, "right"))


def _named(wanted: str, names: list[str], place: int) -> str:
    return wanted if wanted in names else names[min(place, len(names) - 1)]


def _glance(seen: Seen, query: Query, split: str) -> list[cards.Card]:
    one = query.narrowed(SPLIT, split)
    return cards.cards(seen.ready, seen.dataset, seen.ready.page(one, size=GLANCE).hits, one)


def _sections(seen: Seen, query: Query, splits: tuple[str, str]) -> list[Section]:
    index = seen.ready
    own = reverse("catalog:browse", args=[seen.dataset.slug])
    columns = [one for one in index.columns.values() if one.name != SPLIT]
    counted = [_values(index, query, splits, one, own) for one in columns if one.facet]
    binned = [
        _bins(index, query, splits, one, own)
        for one in columns
        if one.ranged and not one.facet and one.low != one.high
    ]
    return [one for one in [*counted, *binned] if one.lines][:MOST_PANELS]


def _values(
    index: SqliteIndex, query: Query, splits: tuple[str, str], column: Column, own: str
) -> Section:
    asked = [query.narrowed(SPLIT, one) for one in splits]
    counts = [dict(index.facet(one, column.name)) for one in asked]
    totals = [index.count(one) for one in asked]
    names = sorted({*counts[0], *counts[1]}, key=lambda one: -_gap(one, counts, totals))

    def side(place: int, value: str) -> Side:
        where = asking.address(asked[place].narrowed(column.name, value), index.columns)
        return _side(counts[place].get(value, 0), totals[place], own + where)

    lines = [_line(name_of(one), side(0, one), side(1, one)) for one in names[:LINES]]
    return Section(column.name, tuple(lines), max(0, len(names) - LINES))


def _gap(value: str, counts: list[dict[str, int]], totals: list[int]) -> float:
    shares = [count.get(value, 0) / (n or 1) for count, n in zip(counts, totals, strict=True)]
    return abs(shares[0] - shares[1])


def _bins(
    index: SqliteIndex, query: Query, splits: tuple[str, str], column: Column, own: str
) -> Section:
    asked = [query.narrowed(SPLIT, one) for one in splits]
    each = [index.histogram(one, column.name) for one in asked]
    totals = [index.count(one) for one in asked]
    lines = []
    # Three bins at a time: the table is to be read, not drawn.
    for start in range(0, len(each[0]), 3):
        some = [bins[start : start + 3] for bins in each]
        low, high = some[0][0].low, some[0][-1].high
        last = start + 3 >= len(each[0])
        ends = Range(low, high if last else below(high, column))
        sides = []
        for one, bins, total in zip(asked, some, totals, strict=True):
            ranges = {**dict(one.ranges), column.name: ends}
            narrowed = one.having(ranges=ranges)
            where = own + asking.address(narrowed, index.columns)
            sides.append(_side(sum(each.rows for each in bins), total, where))
        if any(side.rows for side in sides):
            words = f"{told(low, column)} to {told(ends.high or high, column)}"
            lines.append(_line(words, *sides))
    return Section(column.name, tuple(lines), 0)


def _side(rows: int, total: int, address: str) -> Side:
    return Side(rows, 100 * rows / total if total else 0.0, address)


def _line(name: str, left: Side, right: Side) -> Line:
    return Line(name, left, right, right.share - left.share)
