"""The rows of a data set as its browser finds them, and its files."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from django.http import Http404, HttpRequest, HttpResponseBase
from ninja import Query, Router, Schema

from heldout.datasets.index.query import LONGEST_TEXT, Hit
from heldout.datasets.table import ID
from heldout.decoding import decode
from heldout.site.accounts.security import ANYBODY
from heldout.site.catalog import asking, facets, views
from heldout.site.catalog.frames import find
from heldout.site.common.schemas import FILE, INVALID, MISSING

router = Router(tags=["Data sets"])
MOST_ROWS, MOST_VALUES = 200, 5000
Words = Annotated[str, Query(max_length=LONGEST_TEXT)]
Place = Annotated[int | None, Query(ge=0, lt=2**53)]


class RowsOut(Schema):
    """`total` rows match; `after` and `before` ask for the neighbouring pages.

    `notes`: what of the question was not understood, and so left out.
    """

    total: int
    rows: list[dict[str, Any]]
    before: int | None
    after: int | None
    notes: list[str]


class ValueOut(Schema):
    value: str
    rows: int


class ValuesOut(Schema):
    """`distinct` values there are in all, without any filter."""

    column: str
    distinct: int
    values: list[ValueOut]


class DataFileOut(Schema):
    name: str
    split: str
    size: int
    sha256: str
    examples: int | None


@router.get(
    "/data/{slug}/rows",
    response={200: RowsOut, **MISSING, **INVALID},
    auth=ANYBODY,
    url_name="rows",
)
def list_rows(
    request: HttpRequest,
    slug: str,
    q: Words = "",
    sort: str = "",
    after: Place = None,
    before: Place = None,
    size: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 48,
) -> RowsOut:
    """Rows of the columns the caller may see. `q` searches; `sort` is a column, `-column` turns it.

    Filters as in the addresses of the browser: `f.column=value`, `min.column=1`, `max.column=2`.
    """
    seen = find(request, slug)
    asked = asking.read(request.GET, seen.ready.columns)
    found = seen.ready.page(asked.query, after=after, before=before, size=size)
    rows = [_row(hit) for hit in found.hits]
    place = {"before": found.before, "after": found.after}
    return RowsOut(total=found.total, rows=rows, notes=list(asked.notes), **place)


def _row(hit: Hit) -> dict[str, Any]:
    """JSON has no word for a number that is none."""
    cells = {"split": hit.split, ID: hit.id, **hit.cells}
    found: dict[str, Any] = decode(msgspec.json.encode(cells))
    return found


@router.get(
    "/data/{slug}/values",
    response={200: ValuesOut, **MISSING, **INVALID},
    auth=ANYBODY,
    url_name="values",
)
def list_values(request: HttpRequest, slug: str, column: str, q: Words = "") -> ValuesOut:
    """How often each value of a column occurs, classes among them; takes the filters of rows."""
    seen = find(request, slug)
    found = seen.ready.columns.get(column)
    if found is None or not found.facet:
        raise Http404("There is no such column to count.")
    query = asking.read(request.GET, seen.ready.columns).query
    panel = facets.panel(seen.ready, query, found, most=MOST_VALUES)
    values = [ValueOut(value=one.value, rows=one.rows) for one in panel.values]
    return ValuesOut(column=column, distinct=panel.distinct, values=values)


@router.get(
    "/data/{slug}/files",
    response={200: list[DataFileOut], **MISSING},
    auth=ANYBODY,
    url_name="data-files",
)
def list_data_files(request: HttpRequest, slug: str) -> list[DataFileOut]:
    """The files of a data set; none where a part of them is hidden from the caller."""
    names = DataFileOut.model_fields
    return [
        DataFileOut(**{name: getattr(one, name) for name in names})
        for one in views.files_of(find(request, slug))
    ]


@router.get(
    "/data/{slug}/files/{path:name}",
    response={200: None, **MISSING},
    auth=ANYBODY,
    url_name="data-file-of",
    openapi_extra=FILE,
)
def get_data_file_of(request: HttpRequest, slug: str, name: str) -> HttpResponseBase:
    """A file as it was brought."""
    return views.file(request, slug, name)


@router.get(
    "/data/{slug}/media/{path:name}",
    response={200: None, **MISSING},
    auth=ANYBODY,
    url_name="data-medium",
    openapi_extra=FILE,
)
def get_data_medium(request: HttpRequest, slug: str, name: str) -> HttpResponseBase:
    """The picture or other medium that a row names."""
    return views.media(request, slug, find(request, slug).revision.pk, name)
