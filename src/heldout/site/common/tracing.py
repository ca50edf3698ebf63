"""Traces for OpenTelemetry, where the settings name a collector; imported only then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from heldout import __version__
from heldout.errors import MissingExtra

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

_tracer: Tracer | None = None


def start() -> None:
    """Send traces to the collector of the settings, if they name one; once per process.

    Raises:
        MissingExtra: OpenTelemetry is not installed.
    """
    if settings.HELDOUT.otlp_endpoint:
        use(_exporter(settings.HELDOUT.otlp_endpoint))


def use(exporter: Any) -> Any:
    """Hand spans to an exporter, in batches; returns what flushes them."""
    global _tracer  # noqa: PLW0603  # One per process.
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    about = {"service.name": "heldout", "service.version": __version__}
    provider = TracerProvider(resource=Resource.create(about))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    _tracer = provider.get_tracer("heldout", __version__)
    return provider


def _exporter(endpoint: str) -> Any:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        raise MissingExtra(feature="tracing", extra="otel") from None
    return OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")


@contextmanager
def job(kind: str, attempt: str) -> Iterator[None]:
    """A span around an attempt at a job."""
    if _tracer is None:
        yield
        return
    with _tracer.start_as_current_span(
        f"job {kind}", attributes={"heldout.attempt": attempt, "heldout.job": kind}
    ):
        yield


def trace(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Any:
    """A span around each request, named by its route: never by an address, which may be secret."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if _tracer is None:
            return get_response(request)
        from opentelemetry.propagate import extract
        from opentelemetry.trace import SpanKind

        method = str(request.method)
        with _tracer.start_as_current_span(
            method,
            context=extract({name.lower(): value for name, value in request.headers.items()}),
            kind=SpanKind.SERVER,
        ) as span:
            response = get_response(request)
            match = request.resolver_match
            route = f"/{match.route}" if match else ""
            span.update_name(f"{method} {route}".strip())
            span.set_attribute("http.request.method", method)
            span.set_attribute("http.route", route)
            span.set_attribute("http.response.status_code", response.status_code)
        return response

    return middleware
