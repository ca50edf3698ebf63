"""Traces reach a collector over OTLP; a server on this machine stands in for it."""

import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.test import Client
from django.utils import timezone
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from heldout import conf
from heldout.errors import MissingExtra
from heldout.site.common import tracing
from heldout.site.common.handlers import HANDLERS, Handler, nothing
from heldout.site.common.models import Job
from heldout.site.worker import work_once

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def collector(settings, monkeypatch):
    """The addresses asked for and the spans that arrived."""
    arrived = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            arrived.append((self.path, ExportTraceServiceRequest.FromString(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    settings.HELDOUT = conf.load({"HELDOUT_OTLP_ENDPOINT": endpoint})
    monkeypatch.setattr(tracing, "_tracer", None)
    provider = tracing.use(tracing._exporter(endpoint))

    def spans():
        provider.force_flush()
        assert {path for path, _ in arrived} == {"/v1/traces"}
        return [
            span
            for _, request in arrived
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    yield spans
    provider.shutdown()
    server.shutdown()
    server.server_close()


def test_a_request_is_traced_by_its_route_and_goes_on_with_the_callers_trace(collector):
    parent = f"00-{TRACE}-b7ad6b7169203331-01"
    Client().get("/challenges/secret-name/", headers={"traceparent": parent})
    (span,) = collector()
    assert span.name.startswith("GET /challenges/<")
    assert "secret-name" not in str(span)
    assert span.trace_id.hex() == TRACE
    about = {one.key: one.value for one in span.attributes}
    assert about["http.response.status_code"].int_value == 404


def test_an_attempt_at_a_job_is_traced(collector, monkeypatch):
    def work(job, clock):
        raise ValueError("broken")

    monkeypatch.setitem(HANDLERS, "test", Handler(work, nothing))
    now = timezone.now()
    Job.objects.create(kind="test", key="test:1", run_at=now, created_at=now)
    assert work_once("me")
    (span,) = collector()
    assert span.name == "job test"
    assert {one.key: one.value.string_value for one in span.attributes} == {
        "heldout.attempt": "test:1#1",
        "heldout.job": "test",
    }


def test_without_a_collector_nothing_is_imported_or_sent(settings, monkeypatch):
    monkeypatch.setattr(tracing, "_exporter", lambda endpoint: pytest.fail("asked for"))
    tracing.start()
    assert tracing._tracer is None
    assert Client().get("/nowhere").status_code == 404


def test_a_missing_extra_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(MissingExtra, match="otel"):
        tracing._exporter("http://127.0.0.1:4318")
