"""`heldout serve FOLDER`: the whole site from one data folder, its worker included."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from heldout.errors import HeldoutError
from heldout.site.setup import prepare

STOP_SECONDS = 30
WATCH_SECONDS = 1.0
START_SECONDS = 0.1

# The viewer of the API's schema, which this site does not show.
UNUSED_STATIC = ["ninja"]

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
        announce: Called with the site's address once it answers.

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
        children = [_web(host, port), *_workers(folder, workers)]
        _supervise(children, lambda: announce(os.environ["HELDOUT_BASE_URL"]), (host, port))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@contextmanager
def _only_one(folder: Path, address: str) -> Iterator[None]:
    # Who may open the lock could hold it: it is the owner's alone.
    handle = os.open(folder / "serve.lock", os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+") as lock:
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
    """Put the hashed and compressed static files in place, unless those there are of today."""
    from django.conf import settings
    from django.contrib.staticfiles.management.commands.collectstatic import Command
    from django.core.management import call_command
    from whitenoise.storage import CompressedManifestStaticFilesStorage

    stamp, state = Path(settings.STATIC_ROOT) / "state", _static_state()
    if stamp.is_file() and stamp.read_text() == state:
        return
    command = Command()
    command.storage = CompressedManifestStaticFilesStorage(
        location=settings.STATIC_ROOT, base_url=settings.STATIC_URL
    )
    call_command(command, verbosity=0, interactive=False, ignore_patterns=UNUSED_STATIC)
    stamp.write_text(state)


def _static_state() -> str:
    """One hash over the names, sizes and times of all static files of the installation."""
    from django.contrib.staticfiles.finders import get_finders

    state = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            at = Path(storage.path(name)).stat()
            state.update(f"{name} {at.st_size} {at.st_mtime_ns}\n".encode())
    return state.hexdigest()


@dataclass(slots=True)
class Child:
    """A process of the site that is started again when it dies.

    Attributes:
        name: For the log.
        command: What is run.
        before: Called before each start.
    """

    name: str
    command: list[str]
    before: Callable[[], object] = list
    process: subprocess.Popen[bytes] | None = None

    def keep_running(self) -> None:
        if self.process is None or self.process.poll() is not None:
            if self.process is not None:
                how = _how_it_ended(self.process.returncode)
                log.error("%s ended (%s); starting it again", self.name, how)
                self._signal(signal.SIGKILL)
            self.before()
            # A terminal's Ctrl-C reaches the supervisor alone, which stops the others in order.
            self.process = subprocess.Popen(
                self.command, start_new_session=True, stdin=subprocess.DEVNULL
            )

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def wait(self, deadline: float) -> None:
        if self.process is not None:
            try:
                self.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("%s does not stop; killed", self.name)
            self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        """Reach the child's own children too."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


def _how_it_ended(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _web(host: str, port: int) -> Child:
    from django.conf import settings

    return Child(
        "the web server",
        [
            sys.executable,
            "-m",
            "heldout.site.web",
            host,
            str(port),
            str(settings.HELDOUT.web_threads),
        ],
    )


def _workers(folder: Path, count: int) -> list[Child]:
    """Those that score, and one for what nobody waits for, so that it is in nobody's way."""
    host = socket.gethostname()
    scoring = [_worker(folder, f"{host}:serve-{number}", "quick") for number in range(count)]
    return [*scoring, _worker(folder, f"{host}:serve-slow", "slow")] if count else []


def _worker(folder: Path, owner: str, jobs: str) -> Child:
    command = [sys.executable, "-m", "heldout.site.worker"]
    command += [str(folder), owner, str(os.getpid()), jobs]
    return Child(f"worker {owner}", command, partial(_free, owner))


def _free(owner: str) -> None:
    """Give the jobs that a dead worker of this name held back at once."""
    from django.db import connection
    from django.utils import timezone

    from heldout.site.common import jobs

    try:
        jobs.expire(now=timezone.now(), owner=owner)
    finally:
        connection.close()


def _supervise(
    children: list[Child], ready: Callable[[], object], address: tuple[str, int]
) -> None:
    """Keep all children running until a signal says stop."""
    stop, announced = threading.Event(), False
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in before:
        signal.signal(number, lambda *_: stop.set())
    try:
        while not stop.is_set():
            for child in children:
                child.keep_running()
            if not announced and (announced := _answers(address)):
                ready()
            stop.wait(WATCH_SECONDS if announced else START_SECONDS)
    finally:
        for child in children:
            child.stop()
        deadline = time.monotonic() + STOP_SECONDS
        for child in children:
            child.wait(deadline)
        for number, handler in before.items():
            signal.signal(number, handler)


def _answers(address: tuple[str, int]) -> bool:
    with suppress(OSError), socket.create_connection(address, timeout=1):
        return True
    return False
