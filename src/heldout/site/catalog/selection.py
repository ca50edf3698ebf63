"""Downloads of what a query finds, within limits: CSV, JSON Lines, or a ZIP with the images."""

from __future__ import annotations

import csv
import io
import tempfile
import zipfile
from collections.abc import Iterable, Iterator

import msgspec
from django.conf import settings
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.views.decorators.http import require_safe

from heldout.datasets.index.query import Hit
from heldout.datasets.table import ID, MEDIA
from heldout.site.catalog import asking
from heldout.site.catalog.frames import Seen, find, frame
from heldout.site.catalog.services import media_path
from heldout.site.common.spreadsheets import cell

MOST_ROWS = 100_000
MOST_IMAGES, LARGEST = 1_000, 300_000_000
FORMATS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl", "zip": "application/zip"}


@require_safe
def selection(request: HttpRequest, slug: str) -> HttpResponseBase:
    seen = find(request, slug)
    kind = request.GET.get("format", "csv")
    query = asking.read(request.GET, seen.ready.columns).query
    total = seen.ready.count(query)
    most = MOST_IMAGES if kind == "zip" else MOST_ROWS
    if kind not in FORMATS or total > most:
        return _refused(request, seen, total, most)
    hits = seen.ready.rows(query)
    if kind == "zip":
        return _zip(request, seen, hits)
    write = _as_csv if kind == "csv" else _as_json
    response = StreamingHttpResponse(write(seen, hits), content_type=FORMATS[kind])
    response["Content-Disposition"] = f'attachment; filename="{slug}-selection.{kind}"'
    return response


def _refused(request: HttpRequest, seen: Seen, total: int, most: int) -> HttpResponse:
    context = frame(request, seen, "browse") | {"total": total, "most": most}
    return render(request, "catalog/too_many.html", context, status=422)


def _names(seen: Seen) -> list[str]:
    return ["split", ID, *(one for one in seen.ready.columns if one not in ("split", ID))]


def _row(hit: Hit) -> dict[str, object]:
    return {"split": hit.split, ID: hit.id, **hit.cells}


def _as_csv(seen: Seen, hits: Iterable[Hit]) -> Iterator[str]:
    names, text = _names(seen), io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(cell, names))
    for number, hit in enumerate(hits, 1):
        row = _row(hit)
        writer.writerow([_cell(row.get(name)) for name in names])
        if number % 500 == 0:
            yield _taken(text)
    yield _taken(text)


def _cell(value: object) -> object:
    """Lists as the tables of data sets have them in CSV."""
    if isinstance(value, list):
        return cell("|".join(map(str, value)))
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else cell(value)


def _taken(text: io.StringIO) -> str:
    content = text.getvalue()
    text.seek(0)
    text.truncate()
    return content


def _as_json(seen: Seen, hits: Iterable[Hit]) -> Iterator[bytes]:
    for hit in hits:
        yield msgspec.json.encode(_row(hit)) + b"\n"


def _zip(request: HttpRequest, seen: Seen, hits: Iterable[Hit]) -> HttpResponseBase:
    """The rows as JSON Lines and their images, written to disk first so that a limit can refuse."""
    known = list(hits)
    found = {str(hit.cells.get(MEDIA)): None for hit in known if hit.cells.get(MEDIA)}
    paths = [(name, path) for name in found if (path := media_path(seen.revision, name))]
    if sum(path.stat().st_size for _, path in paths) > LARGEST:
        return _refused(request, seen, len(known), MOST_IMAGES)
    # The response closes it.
    file = tempfile.TemporaryFile(dir=settings.DATA / "incoming")  # noqa: SIM115
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("selection.jsonl", b"".join(_as_json(seen, known)))
        for name, path in paths:
            archive.write(path, name)
    file.seek(0)
    name = f"{seen.dataset.slug}-selection.zip"
    return FileResponse(file, as_attachment=True, filename=name, content_type=FORMATS["zip"])
