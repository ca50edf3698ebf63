"""`heldout serve FOLDER`: the whole site from one data folder, its worker included."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from heldout.errors import HeldoutError
from heldout.site.setup import prepare

STOP_SECONDS = 30
RESTART_SECONDS = 1.0
BACKLOG = 1024

log = logging.getLogger(__name__)


def serve(
    folder: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    workers: int = 1,
    announce: Callable[[str], None] = lambda address: None,
) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        folder: The site's data folder; made if it is not there.
        host: Address to listen on.
        port: Port to listen on.
        workers: Processes that score submissions; 0 leaves that to `heldout worker`.
        announce: Called with the site's address once it is about to listen.

    Raises:
        HeldoutError: The folder is being served already, or the port is taken.
    """
    address = f"http://{_bracketed(host)}:{port}"
    os.environ.setdefault("HELDOUT_BASE_URL", address)
    folder = folder.expanduser().absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with _only_one(folder, address):
        _check_port(host, port)
        prepare(folder)
        _collect_static()
        with Workers(folder, count=workers):
            announce(os.environ["HELDOUT_BASE_URL"])
            _listen(host, port)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@contextmanager
def _only_one(folder: Path, address: str) -> Iterator[None]:
    with (folder / "serve.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            where = lock.read().strip()
            raise HeldoutError(
                f"{folder} is being served already ({where}); stop that one first"
            ) from None
        lock.seek(0)
        lock.truncate()
        lock.write(f"{address}, process {os.getpid()}")
        lock.flush()
        yield


def _check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            raise HeldoutError(
                f"cannot listen on {_bracketed(host)}:{port} ({error.strerror}); "
                "choose another with --port"
            ) from None


def _collect_static() -> None:
    """Put the hashed and compressed static files in place."""
    from django.conf import settings
    from django.contrib.staticfiles.management.commands.collectstatic import Command
    from django.core.management import call_command
    from whitenoise.storage import CompressedManifestStaticFilesStorage

    command = Command()
    command.storage = CompressedManifestStaticFilesStorage(
        location=settings.STATIC_ROOT, base_url=settings.STATIC_URL
    )
    call_command(command, verbosity=0, interactive=False)


def _listen(host: str, port: int) -> None:
    from django.conf import settings
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    Granian(
        "heldout.site.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=settings.HELDOUT.web_threads,
        backlog=BACKLOG,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.warning,
    ).serve()


class Workers:
    """Worker processes that are started again when they die, and stopped when the site stops."""

    def __init__(self, folder: Path, *, count: int) -> None:
        self._folder = folder
        self._owners = [f"{socket.gethostname()}:serve-{number}" for number in range(count)]
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Workers:
        for owner in self._owners:
            self._start(owner)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        for process in self._running.values():
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self._running.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()

    def _start(self, owner: str) -> None:
        """Start a worker; what its predecessor of the same name held is free at once."""
        self._free(owner)
        command = [sys.executable, "-m", "heldout.site.worker", str(self._folder), owner]
        # A terminal's Ctrl-C reaches this process alone; it stops the worker in order.
        self._running[owner] = subprocess.Popen(
            [*command, str(os.getpid())], start_new_session=True, stdin=subprocess.DEVNULL
        )

    def _free(self, owner: str) -> None:
        from django.db import connection
        from django.utils import timezone

        from heldout.site.common import jobs

        try:
            jobs.expire(now=timezone.now(), owner=owner)
        finally:
            connection.close()

    def _watch(self) -> None:
        while not self._stop.wait(RESTART_SECONDS):
            for owner, process in list(self._running.items()):
                if process.poll() is not None:
                    self._restart(owner, process.returncode)

    def _restart(self, owner: str, code: int) -> None:
        log.error("worker %s ended (%s); starting it again", owner, _how_it_ended(code))
        try:
            self._start(owner)
        except Exception:  # Whatever it is, the next round tries again.
            log.exception("worker %s could not be started", owner)


def _how_it_ended(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
