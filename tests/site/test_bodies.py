"""Bodies that do not come, and those who want something else meanwhile."""

import io
import threading

import pytest

from heldout.site import bodies
from heldout.site.bodies import Body, Crowded, leave_room, seats_of


def echo(environ, start_response):
    content = environ["wsgi.input"].read() if environ["REQUEST_METHOD"] == "POST" else b"page"
    start_response("200 OK", [])
    return [content]


def call(application, source=None, method="POST", protocol="HTTP/1.1"):
    """The last status and its headers, and the answer."""
    told = []
    environ = {
        "REQUEST_METHOD": method,
        "SERVER_PROTOCOL": protocol,
        "wsgi.input": source or io.BytesIO(b"x" * 100_000),
    }
    content = b"".join(application(environ, lambda *given: told.append(given)))
    status, headers = told[-1]
    return status, dict(headers), content


class Silent:
    """A body of which nothing comes until the test ends."""

    def __init__(self):
        self.asked, self.ends = threading.Event(), threading.Event()

    def read(self, size):
        self.asked.set()
        assert self.ends.wait(60)
        return b""


@pytest.fixture
def held(monkeypatch):
    """An application of four threads, three of which wait for bodies that do not come."""
    monkeypatch.setattr(bodies, "PATIENCE_SECONDS", 0)
    application = leave_room(echo, seats_of(4))
    silent = [Silent() for _ in range(3)]
    threads = [threading.Thread(target=call, args=(application, one)) for one in silent]
    for thread in threads:
        thread.start()
    assert all(one.asked.wait(60) for one in silent)
    yield application, silent, threads
    for one in silent:
        one.ends.set()
    for thread in threads:
        thread.join(60)


def test_while_bodies_do_not_come_the_last_thread_is_not_kept_waiting(held):
    application, _, _ = held
    status, headers, content = call(application)
    assert status == "503 Service Unavailable"
    assert headers["Connection"] == "close"
    assert int(headers["Retry-After"]) > 0
    assert b"Send it again" in content
    assert call(application, method="GET")[2] == b"page"


def test_the_newer_protocol_is_told_without_the_header_it_does_not_know(held):
    status, headers, _ = call(held[0], protocol="HTTP/2")
    assert (status, "Connection" in headers) == ("503 Service Unavailable", False)


def test_a_body_that_ends_makes_room_for_another(held):
    application, silent, threads = held
    silent[0].ends.set()
    threads[0].join(60)
    assert call(application) == ("200 OK", {}, b"x" * 100_000)


def test_an_answer_that_swallows_the_refusal_is_replaced(monkeypatch):
    monkeypatch.setattr(bodies, "PATIENCE_SECONDS", 0)

    def swallows(environ, start_response):
        with pytest.raises(Crowded):
            environ["wsgi.input"].read()
        start_response("200 OK", [])
        return [b"all is well"]

    assert call(leave_room(swallows, threading.Semaphore(0)))[0] == "503 Service Unavailable"


def test_a_body_half_read_or_broken_gives_its_seat_back():
    class Broken:
        def read(self, size):
            raise OSError("the connection broke off")

    def half(environ, start_response):
        environ["wsgi.input"].read(10)
        start_response("200 OK", [])
        return []

    seats = threading.Semaphore(1)
    for _ in range(3):
        call(leave_room(half, seats))
        with pytest.raises(OSError, match="broke off"):
            call(leave_room(echo, seats), Broken())
    assert call(leave_room(echo, seats))[0] == "200 OK"


def test_who_has_read_all_needs_no_seat_to_go_on():
    seats = threading.Semaphore(1)
    body = io.BufferedReader(Body(io.BytesIO(b"a,b\n1,2\n"), seats))
    assert list(body) == [b"a,b\n", b"1,2\n"]
    assert seats.acquire(blocking=False)
    assert body.read() == b""


@pytest.mark.parametrize(("threads", "seats"), [(1, 1), (2, 1), (4, 3), (16, 12)])
def test_some_threads_never_wait_for_a_body(threads, seats):
    found = seats_of(threads)
    assert [found.acquire(blocking=False) for _ in range(seats + 1)] == [True] * seats + [False]
