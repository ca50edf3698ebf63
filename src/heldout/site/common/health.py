"""Addresses for the machines that watch a site: `/healthz`, `/readyz` and `/metrics`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from ipaddress import ip_address

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from heldout.site.common import metrics

FORMAT = "text/plain; version=0.0.4; charset=utf-8"
_is_migrated = False


def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; asks nothing else, so that a slow database restarts no web process."""
    return _text("ok\n")


def readyz(request: HttpRequest) -> HttpResponse:
    """The site can take in submissions, or why it cannot."""
    obstacles = list(_obstacles())
    return _text("\n".join(obstacles or ["ready"]) + "\n", status=503 if obstacles else 200)


def _obstacles() -> Iterator[str]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if not _has_todays_shape():
            yield "the database has another version's shape"
    except DatabaseError:
        yield "the database does not answer"
    if shutil.disk_usage(settings.DATA).free < settings.HELDOUT.upload_limit:
        yield "the disk has no room for an upload"


def _has_todays_shape() -> bool:
    """Looked at until it is so: reading all migrations takes longer than an answer should."""
    global _is_migrated  # noqa: PLW0603
    if not _is_migrated:
        executor = MigrationExecutor(connection)
        _is_migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _is_migrated


def show_metrics(request: HttpRequest) -> HttpResponse:
    """Numbers for Prometheus, for those who know the token, or else for this machine alone."""
    if not _may_see_metrics(request):
        return _text("there is nothing here\n", status=404)
    return HttpResponse(metrics.exposition(now=timezone.now()), content_type=FORMAT)


def _may_see_metrics(request: HttpRequest) -> bool:
    token = settings.HELDOUT.metrics_token
    if token:
        given = request.headers.get("Authorization", "")
        return constant_time_compare(given, f"Bearer {token}")
    # What came through a proxy seems to come from this machine too.
    forwarded = {"X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "Via"}
    if any(name in request.headers for name in forwarded):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _text(content: str, *, status: int = 200) -> HttpResponse:
    return HttpResponse(
        content, status=status, content_type="text/plain", headers={"Cache-Control": "no-store"}
    )


ADDRESSES = {"/healthz": healthz, "/readyz": readyz, "/metrics": show_metrics}
