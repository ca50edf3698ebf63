"""Another machine, on this one, that takes messages or does not."""

import dataclasses
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest
from django.utils import timezone

from heldout.site.webhooks.services import add_endpoint

NOT_LISTENING = "http://127.0.0.1:9/hook"


class Receiver(BaseHTTPRequestHandler):
    """Answers with `server.status` and keeps what came."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        message = SimpleNamespace(path=self.path, headers=self.headers, body=body)
        message.json = json.loads(body)
        self.server.messages.append(message)
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *given):
        pass


@pytest.fixture(scope="session")
def machine():
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def receiver(machine, site):
    """The machine, empty, willing, and allowed by the settings."""
    machine.messages, machine.status, machine.headers = [], 200, {}
    machine.host = f"127.0.0.1:{machine.server_port}"
    machine.url = f"http://{machine.host}/hook?from=heldout"
    allowed = (machine.host, "127.0.0.1:9")
    site.HELDOUT = dataclasses.replace(site.HELDOUT, webhook_hosts=allowed)
    return machine


@pytest.fixture
def add(receiver):
    """Add a webhook to the receiver; its secret is kept as `plain`."""

    def add(owner, *, url="", **given):
        made = add_endpoint(owner=owner, url=url or receiver.url, now=timezone.now(), **given)
        endpoint, endpoint.plain = made
        return endpoint

    return add
