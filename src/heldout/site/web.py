"""A web server's process, started by `serve`."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

BACKLOG = 1024
WATCH_SECONDS = 1.0


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
        log_level=LogLevels.warning,
    ).serve(target_loader=_load)


def _load(target: str) -> Any:
    _stop_without(os.getppid())
    from heldout.site.wsgi import application

    return application


def _stop_without(parent: int) -> None:
    """Never hold the port for a supervisor that was killed."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
