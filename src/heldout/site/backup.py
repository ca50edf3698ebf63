"""One archive of a whole site, made while it is in use.

The database is copied first, and then the files: whatever a row names was on disk before the row was
written, and no file is ever changed. So the archive holds every file of the copied rows.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import secrets
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO

import msgspec

from heldout import __version__
from heldout.datasets.atomic import sync
from heldout.errors import BadInput, Problem
from heldout.site.copies import NAMES, CannotCopy, copy_database

FORMAT = 1
MANIFEST = "manifest.json"
# What is made again, is on its way, or is a copy itself, stays out.
UNFINISHED = ("submissions/resumable",)
KEPT = ("secret", "files", "answers", "submissions")


class File(msgspec.Struct, frozen=True):
    sha256: str
    size: int


class Manifest(msgspec.Struct, frozen=True):
    """What an archive holds; written last, so an archive that was cut short has none."""

    format: int
    heldout: str
    made_at: datetime
    database: str
    files: dict[str, File]


@dataclass(frozen=True, slots=True)
class Backup:
    """What was written; `damaged` are stored files whose content is not what it was."""

    manifest: Manifest
    size: int
    damaged: list[Problem] = field(default_factory=list)


def backup(to: Path, *, now: datetime) -> Backup:
    """Write the site that is configured to an archive, which appears only when it is complete.

    Raises:
        BadInput: The archive is there already, or the database cannot be copied.
    """
    from django.conf import settings
    from django.db import connection

    to = to.expanduser().absolute()
    if to.exists():
        raise BadInput([Problem(str(to), "is there already", "name a new file")])
    part = to.with_name(f".{to.name}-{secrets.token_hex(6)}")
    _fetch_all()
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out, tarfile.open(fileobj=out, mode="w|") as archive:
            files = dict(_database(archive, Path(settings.BACKUPS)))
            files |= _stored(archive, Path(settings.DATA))
            manifest = Manifest(FORMAT, __version__, now, connection.vendor, files)
            _add(archive, MANIFEST, io.BytesIO(msgspec.json.encode(manifest)))
            archive.close()
            out.flush()
            os.fsync(out.fileno())
        damaged = [*_changed(files), *_missing(files, now)]
        part.rename(to)
        sync(to.parent)
    finally:
        part.unlink(missing_ok=True)
    return Backup(manifest, to.stat().st_size, damaged)


def _fetch_all() -> None:
    """Where a bucket keeps the files, bring those here that this machine does not have."""
    from django.conf import settings
    from django.db import connection

    from heldout.site.common import objects

    if not objects.in_use():
        return
    data = Path(settings.DATA)
    with connection.cursor() as cursor:
        for folder, table in (
            ("answers", "challenges_revision"),
            ("files", "catalog_datarevision"),
        ):
            cursor.execute(f"SELECT folder FROM {table}")  # noqa: S608  # One of these two.
            for (name,) in cursor.fetchall():
                objects.fetch_folder(data / folder / name)
        cursor.execute("SELECT sha256 FROM submissions_submission")
        files = [data / "submissions" / name[:2] / name for (name,) in cursor.fetchall()]
        cursor.execute("SELECT stats FROM submissions_evaluation")
        for (stats,) in cursor.fetchall():
            kept = json.loads(stats) if isinstance(stats, str) else stats
            files += [data / "answers/stats" / one["file"] for one in kept.values()]
    for file in files:
        with suppress(FileNotFoundError):  # It is told with what else is missing.
            objects.fetch(file)


def _database(archive: tarfile.TarFile, beside: Path) -> Iterator[tuple[str, File]]:
    from django.db import connection

    with tempfile.TemporaryDirectory(dir=beside, prefix="backup-") as folder:
        copy = Path(folder) / NAMES[connection.vendor]
        try:
            copy_database(copy)
        except CannotCopy as error:
            raise BadInput([Problem("the database", str(error))]) from None
        with copy.open("rb") as content:
            yield copy.name, _add(archive, copy.name, content)


def _stored(archive: tarfile.TarFile, data: Path) -> dict[str, File]:
    files = {}
    for path in _files(data):
        name = path.relative_to(data).as_posix()
        with path.open("rb") as content:
            files[name] = _add(archive, name, content)
    return files


def _files(data: Path) -> Iterator[Path]:
    """Every complete file; what is being written has a name that begins with a dot or `incoming`."""
    for top in (data / name for name in KEPT):
        if top.is_file():
            yield top
        for root, folders, names in os.walk(top):
            unfinished = {data / one for one in UNFINISHED}
            folders[:] = sorted(
                one for one in folders if not _partial(one) and Path(root) / one not in unfinished
            )
            paths = (Path(root) / name for name in sorted(names) if not _partial(name))
            yield from (path for path in paths if path.is_file() and not path.is_symlink())


def _partial(name: str) -> bool:
    return name.startswith((".", "incoming"))


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes]) -> File:
    """Add what is read now, and hash just that."""
    reader = _Hashing(content)
    info = tarfile.TarInfo(name)
    info.size, info.mode = content.seek(0, os.SEEK_END), 0o600
    content.seek(0)
    archive.addfile(info, reader)  # It only reads.
    return File(reader.sha256.hexdigest(), info.size)


class _Hashing:
    def __init__(self, content: IO[bytes]) -> None:
        self.content, self.sha256 = content, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self.content.read(size)
        self.sha256.update(chunk)
        return chunk


def _changed(files: dict[str, File]) -> Iterator[Problem]:
    """Files that carry their own hash as their name, and have another."""
    for name, file in files.items():
        stem = PurePosixPath(name).stem
        if re.fullmatch("[0-9a-f]{64}", stem) and stem != file.sha256:
            yield Problem(name, "has changed on disk since it was stored", "restore an older copy")


def _missing(files: dict[str, File], now: datetime) -> Iterator[Problem]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT id, sha256 FROM submissions_submission WHERE created_at < %s", [now])
        for submission, sha256 in cursor.fetchall():
            if f"submissions/{sha256[:2]}/{sha256}" not in files:
                yield Problem(f"submission {submission}", "its file is gone", "restore a copy")
