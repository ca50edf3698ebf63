"""A web server's process, started by `serve`."""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

BACKLOG = 1024
WATCH_SECONDS = 1.0
# Who writes gives the processor away with every statement. A thread that makes a page then has it
# for this long, while all others wait to write; Python's own five milliseconds are too many.
SWITCH_SECONDS = 0.0005
# So many answers, and the connection of one is closed: see `share_out`.
ANSWERS = 10


def run(host: str, port: int, *, threads: int, parent: int) -> None:
    """Serve until told to stop, or until the parent is gone.

    The process that answers is a child of this one; should it die, this one ends, and the
    supervisor starts both again.
    """
    _stop_without(parent)
    Granian(
        "heldout.site.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=threads,
        backlog=BACKLOG,
        workers_kill_timeout=10,
        log_level=LogLevels.error,
    ).serve(target_loader=partial(_load, threads=threads))


def _load(target: str, *, threads: int) -> Any:
    _stop_without(os.getppid())
    sys.setswitchinterval(SWITCH_SECONDS)
    from heldout.site import wsgi
    from heldout.site.bodies import leave_room, seats_of

    wsgi.warm_up_later()
    return share_out(leave_room(wsgi.application, seats_of(threads)))


def share_out(answer: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Have connections made anew now and then, so that all web processes get some.

    The system shares out new connections alone. Those of a process that died would all stay with
    the others for good, and the one that takes its place would have nothing to do.
    """
    numbers = itertools.count(1)

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if next(numbers) % ANSWERS or environ.get("SERVER_PROTOCOL") != "HTTP/1.1":
            return answer(environ, start_response)

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            return start_response(status, [*headers, ("Connection", "close")], *more)

        return answer(environ, start)

    return application


def _stop_without(parent: int) -> None:
    """Never hold the port for a supervisor that was killed."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
