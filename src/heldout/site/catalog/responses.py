from __future__ import annotations

import mimetypes
from pathlib import Path

from django.http import FileResponse, HttpRequest, HttpResponseBase, HttpResponseNotModified
from django.utils.http import parse_etags

from heldout.site.catalog.models import DataFile
from heldout.site.catalog.services import path_of


def matches(request: HttpRequest, etag: str) -> bool:
    """Whether the visitor has this state already."""
    given = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in given or etag in given or f"W/{etag}" in given


def download(request: HttpRequest, file: DataFile) -> HttpResponseBase:
    """A public file, named and checkable: its ETag is its SHA-256."""
    return send(request, path_of(file), name=Path(file.name).name, etag=f'"{file.sha256}"')


def send(
    request: HttpRequest, path: Path, *, name: str, etag: str, attachment: bool = True
) -> HttpResponseBase:
    response: HttpResponseBase
    if matches(request, etag):
        response = HttpResponseNotModified()
    else:
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        response = FileResponse(
            path.open("rb"), as_attachment=attachment, filename=name, content_type=kind
        )
    response["ETag"] = etag
    response["X-Content-Type-Options"] = "nosniff"
    return response
