"""Make a data folder ready: its subfolders, its secret, and a database of today's shape."""

from __future__ import annotations

import logging
import os
import secrets
from contextlib import suppress
from datetime import datetime
from pathlib import Path, PurePath

from heldout.errors import HeldoutError

# What may be read by others is world-readable; everything else is the owner's alone.
FOLDERS = {
    "files": 0o755,
    "static": 0o755,
    "submissions": 0o700,
    "answers": 0o700,
    "backups": 0o700,
    "incoming": 0o700,
    "outbox": 0o700,
    "indexes": 0o700,
    "thumbnails": 0o700,
    "documents": 0o700,
    "rendered": 0o700,
}

log = logging.getLogger(__name__)


def configure(folder: Path) -> None:
    """Make the folder if need be and have Django use it; once per process."""
    folder = folder.expanduser().absolute()
    _make(folder)
    os.environ["HELDOUT_DATA"] = str(folder)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heldout.site.settings")
    import django
    from django.apps import apps
    from django.conf import settings

    if settings.configured and Path(settings.DATA) != folder:
        raise HeldoutError(f"this process serves {settings.DATA} already, not {folder}")
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        guard_database(Path(settings.DATABASES["default"]["NAME"]))
    if not apps.ready:
        django.setup()


def prepare(folder: Path, *, now: datetime | None = None) -> None:
    """Configure, and bring the database to the shape this version needs.

    A copy of the database is saved to `backups` before anything in it changes shape.
    """
    configure(folder)
    from django.core.management import call_command
    from django.utils import timezone

    if pending := pending_migrations():
        save_copy(now or timezone.now(), before=pending[-1])
        call_command("migrate", verbosity=0, interactive=False)


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, mode in FOLDERS.items():
        (folder / name).mkdir(exist_ok=True, mode=mode)
        (folder / name).chmod(mode)
    write_once(folder / "secret", secrets.token_urlsafe(50))


def guard_database(file: Path) -> None:
    """Keep SQLite's file from other users; it makes its journals with the same mode.

    A file that is there is never opened: closing it would drop the locks of this process on it.
    """
    if not file.exists():
        with suppress(FileExistsError):
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    for name in (file.name, f"{file.name}-wal", f"{file.name}-shm", f"{file.name}-turn"):
        with suppress(FileNotFoundError):
            file.with_name(name).chmod(0o600)


def write_once(path: Path, text: str) -> None:
    """Write a private file unless it is there; two processes at once agree on one content."""
    if path.exists():
        return
    part = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(part, path)
    except FileExistsError:
        pass
    finally:
        part.unlink()


def pending_migrations() -> list[str]:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}-{migration.name}" for migration, _ in plan]


def save_copy(now: datetime, *, before: str) -> Path | None:
    """Copy a database that holds something; None, and a warning, where it cannot be copied."""
    from django.conf import settings
    from django.db import connection

    from heldout.site.copies import NAMES, CannotCopy, copy_database

    if not connection.introspection.table_names():
        return None
    ending = PurePath(NAMES[connection.vendor]).suffix
    copy = Path(settings.BACKUPS) / f"{now:%Y-%m-%d-%H%M%S}-before-{before}{ending}"
    try:
        copy_database(copy)
    except CannotCopy as error:
        copy.unlink(missing_ok=True)
        log.warning("no copy of the database is saved before it changes shape: %s", error)
        return None
    return copy
