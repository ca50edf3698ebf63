from __future__ import annotations

from collections.abc import Callable

from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_cache_control

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def health_check(get_response: GetResponse) -> GetResponse:
    """Answer `/healthz` before any host check, session or redirect."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path != "/healthz":
            return get_response(request)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return HttpResponse("ok\n", content_type="text/plain")

    return middleware


def private_by_default(get_response: GetResponse) -> GetResponse:
    """Keep shared caches from storing what was made for one person."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_cache=True)
        return response

    return middleware
