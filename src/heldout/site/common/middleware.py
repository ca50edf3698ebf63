from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_cache_control
from django.utils.text import capfirst

from heldout.site.common import faults, health, logs, metrics

GetResponse = Callable[[HttpRequest], HttpResponseBase]
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

log = logging.getLogger(__name__)


def health_check(get_response: GetResponse) -> GetResponse:
    """Answer the machines that watch the site before any host check, session or redirect."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        answer = health.ADDRESSES.get(request.path)
        return answer(request) if answer else get_response(request)

    return middleware


def observe(get_response: GetResponse) -> GetResponse:
    """Give each request an id, which its answer and its log lines bear, and count it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        number, began = _request_id(request), time.perf_counter()
        with logs.about(request=number):
            response = get_response(request)
            seconds = time.perf_counter() - began
            log.debug(
                "%s %s %d %.0f ms",
                request.method,
                _place(request),
                response.status_code,
                seconds * 1e3,
            )
        metrics.count_request(response.status_code, seconds)
        response["X-Request-ID"] = number
        return response

    return middleware


def _place(request: HttpRequest) -> str:
    """What was asked for; only the route where the address itself lets somebody in."""
    match = request.resolver_match
    opens = match and ("secret" in match.kwargs or match.route.startswith("accounts/"))
    return f"/{match.route}" if match and opens else request.path


def _request_id(request: HttpRequest) -> str:
    """The proxy's id, if there is a proxy to be believed."""
    given = request.headers.get("X-Request-ID", "")
    if settings.HELDOUT.behind_proxy and REQUEST_ID.fullmatch(given):
        return given
    return secrets.token_hex(8)


class TellFaults:
    """Say in words when the machine is at fault: a full disk, a database that is away."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        problem = faults.explain(error)
        if problem is None:
            return None
        log.error("%s %s: %s", request.method, request.path, problem, exc_info=error)
        text = f"{problem.message}. {capfirst(problem.remedy)}."
        return HttpResponse(
            f"{text[0].upper()}{text[1:]}\n",
            status=503,
            content_type="text/plain; charset=utf-8",
            headers={"Retry-After": str(faults.RETRY_SECONDS)},
        )


def private_by_default(get_response: GetResponse) -> GetResponse:
    """Keep shared caches from storing what was made for one person."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_cache=True)
        return response

    return middleware
