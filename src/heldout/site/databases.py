"""Where rows and files live: SQLite and the data folder, or PostgreSQL and a bucket."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from heldout.conf import Settings

# A transaction that will write takes its lock at BEGIN: upgrading a read lock later is what fails
# with "database is locked". FULL is per connection: without it a power cut can undo a commit.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 30,
    "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
}


def database(url: str, sqlite_file: Path) -> dict[str, Any]:
    return postgresql(url) if url else sqlite(sqlite_file)


def sqlite(file: Path) -> dict[str, Any]:
    return {
        "ENGINE": "heldout.site.sqlite3",
        "NAME": str(file),
        "OPTIONS": dict(SQLITE_OPTIONS),
        "CONN_MAX_AGE": None,
        "TEST": {"NAME": ":memory:"},
    }


def postgresql(url: str) -> dict[str, Any]:
    """Read an address.

    `?host=/folder` names the folder of a local socket; `?prepared=no` keeps no statement's plan, for
    a pooler that gives each transaction another connection.
    """
    parts = urlsplit(url)
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    # What is prepared at all is so from the first time.
    options["prepare_threshold"] = None if options.pop("prepared", "") == "no" else 0
    return {
        "ENGINE": "heldout.site.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or options.pop("port", "")),
        "OPTIONS": options,
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }


def object_storages(settings: Settings) -> dict[str, dict[str, Any]]:
    """Django's storages for a bucket of files and one, or the same, of answers."""
    files, answers = settings.s3_bucket, settings.s3_answers_bucket or settings.s3_bucket
    return {"files": _s3(settings, files), "answers": _s3(settings, answers)}


def _s3(settings: Settings, bucket: str) -> dict[str, Any]:
    options = {
        "bucket_name": bucket,
        "endpoint_url": settings.s3_endpoint or None,
        "region_name": settings.s3_region or None,
        "access_key": settings.s3_access_key or None,
        "secret_key": settings.s3_secret_key or None,
        "default_acl": None,
    }
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
