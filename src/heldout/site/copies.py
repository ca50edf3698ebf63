"""Copies of the database while it is in use: `VACUUM INTO` of SQLite, `pg_dump` of PostgreSQL."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

from heldout.errors import HeldoutError

# What the file of a copy is called.
NAMES = {"sqlite": "db.sqlite3", "postgresql": "db.dump"}
CLIENT_SECONDS = 3600
TABLES = (
    "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
)


class CannotCopy(HeldoutError):
    """The database cannot be copied here; the message says what is missing."""


def copy_database(target: Path) -> None:
    """Write one consistent state of the database to a new file that only its owner may read.

    Raises:
        CannotCopy: PostgreSQL's own program is missing, too old or failed.
    """
    from django.db import connection

    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(connection.settings_dict["NAME"])) as source:
            source.execute("VACUUM INTO ?", [str(target)])
    else:
        settings = dict(connection.settings_dict)
        _run(settings, "pg_dump", "--format=custom", "--no-owner", f"--file={target}")


def restore_database(copy: Path, url: str) -> None:
    """Fill an empty PostgreSQL database from a copy.

    Raises:
        CannotCopy: It is not empty, or PostgreSQL's own program is missing, too old or failed.
    """
    import psycopg

    from heldout.site.databases import database

    try:
        with psycopg.connect(url) as connection:
            (tables,) = connection.execute(TABLES).fetchone() or (0,)
    except psycopg.OperationalError as error:
        raise CannotCopy(f"the PostgreSQL database does not answer: {error}") from None
    if tables:
        raise CannotCopy("the PostgreSQL database is not empty; name an empty one")
    settings = database(url, copy)
    _run(
        settings, "pg_restore", "--no-owner", "--single-transaction", "--exit-on-error",
        f"--dbname={settings['NAME']}", str(copy),
    )  # fmt: skip


def _run(settings: dict[str, Any], program: str, *arguments: str) -> None:
    command = [_find(program), *arguments]
    environ = {**os.environ, **_login(settings)}
    try:
        done = subprocess.run(
            command,
            check=False,
            env=environ,
            capture_output=True,
            text=True,
            timeout=CLIENT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise CannotCopy(f"{program} does not end") from None
    if done.returncode:
        reason = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise CannotCopy(f"{command[0]} failed: {' '.join(reason)[:500]}")


def _find(program: str) -> str:
    """The program of PATH, or the newest where Debian keeps one for each server version."""
    found = shutil.which(program)
    several = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=_version)
    if found is None and several:
        found = str(several[-1])
    if found is None:
        raise CannotCopy(f"{program} is not installed; it comes with PostgreSQL's client programs")
    return found


def _version(program: Path) -> float:
    name = program.parts[-3]
    return float(name) if name.replace(".", "", 1).isdecimal() else 0.0


def _login(settings: dict[str, Any]) -> dict[str, str]:
    """By the environment: others on the machine may read a command's arguments."""
    names = {
        "PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD",
        "PGDATABASE": "NAME",
    }  # fmt: skip
    login = {name: str(settings[key]) for name, key in names.items() if settings.get(key)}
    options = settings.get("OPTIONS", {})
    return login | ({"PGSSLMODE": options["sslmode"]} if "sslmode" in options else {})
