"""Who waits for a body keeps a thread, and nothing can interrupt that: some threads never wait.

So pages and health checks are answered however many connections send too slowly, or nothing.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from django.core.exceptions import BadRequest

Application = Callable[..., Iterable[bytes]]

BUFFER = 1 << 16
# Forms and predictions come in milliseconds. Who finds all seats taken for longer than this meets
# people who send large files over slow lines, or who do not mean well.
PATIENCE_SECONDS = 1.0
FULL = "So many others are sending something just now that this was not read. Send it again soon.\n"


class Crowded(BadRequest):
    """There was no thread to wait for this body."""


class Source(Protocol):
    def read(self, size: int, /) -> bytes: ...


def seats_of(threads: int) -> threading.Semaphore:
    """A quarter of the threads, but at least one where there are two, is for those without a body."""
    return threading.Semaphore(max(1, threads - max(1, threads // 4)))


class Body(io.RawIOBase):
    """One body, which has a seat from its first piece to its last."""

    def __init__(self, source: Source, seats: threading.Semaphore) -> None:
        self.source, self.seats = source, seats
        self.seated = self.ended = self.refused = False

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        if self.ended:
            return 0
        if not self.seated:
            self.refused = self.refused or not self.seats.acquire(timeout=PATIENCE_SECONDS)
            if self.refused:
                raise Crowded(FULL)
            self.seated = True
        piece = self.source.read(len(into))
        into[: len(piece)] = piece
        if len(piece) < len(into):  # The server waits for as much as was asked, or the end.
            self.ended = True
            self.leave()
        return len(piece)

    def leave(self) -> None:
        if self.seated:
            self.seated = False
            self.seats.release()


def leave_room(answer: Application, seats: threading.Semaphore) -> Application:
    """Answer 503, and end the connection, where a body finds no seat."""

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = Body(environ["wsgi.input"], seats)
        stream = io.BufferedReader(body, BUFFER)
        told: Iterable[bytes]
        try:
            told = answer({**environ, "wsgi.input": stream}, start_response)
        except Crowded:
            told = ()
        finally:
            body.leave()
        if not body.refused:
            return told
        if hasattr(told, "close"):
            told.close()
        return _refused(environ, start_response)

    return application


def _refused(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Retry-After", "5")]
    if environ.get("SERVER_PROTOCOL") == "HTTP/1.1":  # The newer protocol has no such header.
        headers.append(("Connection", "close"))
    start_response("503 Service Unavailable", headers)
    return [FULL.encode()]
