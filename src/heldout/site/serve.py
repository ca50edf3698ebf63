"""`heldout serve FOLDER`: the whole site from one data folder, its worker included."""

from __future__ import annotations

import fcntl
import gc
import hashlib
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from heldout.errors import HeldoutError
from heldout.site import web, worker
from heldout.site.setup import prepare
from heldout.site.supervisor import Child, supervise

# The viewer of the API's schema, which this site does not show.
UNUSED_STATIC = ["ninja"]
# So many challenges' leaderboards are made before the first is asked for.
REHEARSED = 3


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
        _import_all()
        supervise(
            [*_web(host, port), *_workers(folder, workers)],
            ready=partial(_announce_once_it_answers, host, port, announce),
        )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@contextmanager
def _only_one(folder: Path, address: str) -> Iterator[None]:
    # Who may open the lock could hold it: it is the owner's alone.
    handle = os.open(folder / "serve.lock", os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+") as lock:
        try:
            # Of this process, not of its children: what outlives it holds nothing back.
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
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


def _import_all() -> None:
    """Load what web servers and workers need, once for all of them and for all who follow."""
    from django.db import connections

    from heldout.site.common.prepared import compose_all

    compose_all()
    _parse_templates()
    _rehearse()
    # Neither SQLite's locks nor PostgreSQL's protocol bear two processes on one connection.
    connections.close_all()
    # What is here stays: a child that never looks at it never copies it.
    gc.collect()
    gc.freeze()


def _parse_templates() -> None:
    """Each is parsed once: a page that includes twenty takes a third of a second the first time."""
    from django.conf import settings
    from django.template.loader import get_template

    for folder in settings.SITE_FOLDER.glob("**/templates"):
        for file in folder.rglob("*.html"):
            get_template(str(file.relative_to(folder)))


def _rehearse() -> None:
    """Answer what is asked for most: what its first answer prepares takes a process half a second."""
    from django.test import RequestFactory
    from django.urls import reverse

    from heldout.site.challenges.models import Challenge, Visibility
    from heldout.site.common.rendered import forget_all
    from heldout.site.wsgi import application

    forget_all()
    newest = Challenge.objects.order_by("-id")
    slugs = newest.filter(visibility=Visibility.PUBLIC).values_list("slug", flat=True)[:REHEARSED]
    pages = [reverse("submissions:leaderboard", args=[slug]) for slug in slugs]
    for page in ("/", reverse("account_login"), *pages):
        request = RequestFactory().get(page, headers={"host": "localhost"})
        application.get_response(request).close()


def _web(host: str, port: int) -> list[Child]:
    """Where the system lets several listen on one port, one that dies leaves others that answer."""
    from django.conf import settings

    several = settings.HELDOUT.web_processes if sys.platform == "linux" else 1
    threads = settings.HELDOUT.web_threads
    run = partial(web.run, host, port, threads=threads, parent=os.getpid())
    return [Child(f"web server {number}", run, "heldout-web") for number in range(several)]


def _workers(folder: Path, count: int) -> list[Child]:
    """Those that score, and one for what nobody waits for, so that it is in nobody's way."""
    host = socket.gethostname()
    scoring = [_worker(folder, f"{host}:serve-{number}", slow=False) for number in range(count)]
    return [*scoring, _worker(folder, f"{host}:serve-slow", slow=True)] if count else []


def _worker(folder: Path, owner: str, *, slow: bool) -> Child:
    run = partial(worker.run, folder, owner=owner, parent=os.getpid(), slow=slow)
    title = "heldout-slow" if slow else "heldout-worker"
    return Child(f"worker {owner}", run, title, partial(_free, owner))


def _free(owner: str) -> None:
    """Give the jobs that a dead worker of this name held back at once."""
    from django.db import connection
    from django.utils import timezone

    from heldout.site.common import jobs

    try:
        jobs.expire(now=timezone.now(), owner=owner)
    finally:
        connection.close()


def _announce_once_it_answers(host: str, port: int, announce: Callable[[str], None]) -> bool:
    with suppress(OSError), socket.create_connection((host, port), timeout=1):
        announce(os.environ["HELDOUT_BASE_URL"])
        return True
    return False
