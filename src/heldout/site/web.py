"""The web server's process: `python -m heldout.site.web HOST PORT`, started by `serve`."""

from __future__ import annotations

import sys

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

BACKLOG = 1024


def run(host: str, port: int, *, threads: int) -> None:
    Granian(
        "heldout.site.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=threads,
        backlog=BACKLOG,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=10,
        log_level=LogLevels.warning,
    ).serve()


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]), threads=int(sys.argv[3]))
