"""A site's data folder made from an archive of `heldout backup`."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import tarfile
from pathlib import Path, PurePosixPath
from typing import IO

import msgspec

from heldout import conf
from heldout.decoding import decode
from heldout.errors import BadInput, Problem
from heldout.site.backup import FORMAT, KEPT, MANIFEST, File, Manifest
from heldout.site.copies import NAMES, CannotCopy, restore_database

CHUNK = 1 << 20


def restore(archive: Path, to: Path) -> Manifest:
    """Make a site's data folder from an archive, every file checked before the folder appears.

    The database goes to the folder, or to the empty PostgreSQL of the settings.

    Raises:
        BadInput: The folder is not empty, or the archive is damaged, cut short or another's.
    """
    to = to.expanduser().absolute()
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise BadInput([Problem(str(to), "is not empty", "name a new folder")])
    to.parent.mkdir(parents=True, exist_ok=True)
    part = to.with_name(f".{to.name}-{secrets.token_hex(6)}")
    part.mkdir(mode=0o700)
    try:
        manifest = _unpack(archive, part)
        database = part / NAMES[manifest.database]
        _refuse_other_database(manifest)
        _fill(part, database, manifest)
        if to.exists():
            to.rmdir()
        part.rename(to)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return manifest


def _unpack(archive: Path, into: Path) -> Manifest:
    found: dict[str, File] = {}
    manifest = None
    try:
        with tarfile.open(archive, "r|*") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isfile() else None
                if content is None or not _safe(member.name):
                    raise _refused(archive, f"holds {member.name[:80]!r}, which is not ours")
                if member.name == MANIFEST:
                    manifest = decode(content.read(), Manifest)
                else:
                    found[member.name] = _write(content, into / member.name)
    except (tarfile.TarError, EOFError, msgspec.DecodeError) as error:
        raise _refused(archive, f"cannot be read ({error})") from None
    if manifest is None:
        raise _refused(archive, "is not a whole backup of a site: it has no manifest")
    if manifest.format != FORMAT or manifest.database not in NAMES:
        raise _refused(
            archive, f"was made by Heldout {manifest.heldout}, which this one cannot read"
        )
    _compare(archive, manifest, found)
    return manifest


def _refused(archive: Path, message: str) -> BadInput:
    return BadInput([Problem(str(archive), message)])


def _safe(name: str) -> bool:
    parts = PurePosixPath(name).parts
    tops = {MANIFEST, *NAMES.values(), *KEPT}
    return bool(parts) and parts[0] in tops and not {"..", "/"} & set(parts)


def _write(content: IO[bytes], path: Path) -> File:
    sha256, size = hashlib.sha256(), 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        while chunk := content.read(CHUNK):
            sha256.update(chunk)
            size += len(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    return File(sha256.hexdigest(), size)


def _compare(archive: Path, manifest: Manifest, found: dict[str, File]) -> None:
    problems = [
        Problem(f"{archive}: {name}", _difference(manifest.files.get(name), found.get(name)))
        for name in sorted(manifest.files.keys() | found.keys())
        if manifest.files.get(name) != found.get(name)
    ]
    if problems:
        raise BadInput(problems[:100], unlisted=max(0, len(problems) - 100))


def _difference(told: File | None, found: File | None) -> str:
    if found is None:
        return "is missing"
    return "is damaged" if told else "is not in the manifest"


def _refuse_other_database(manifest: Manifest) -> None:
    wanted = "postgresql" if conf.load(os.environ).database_url else "sqlite"
    if wanted != manifest.database:
        words = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
        message = f"the backup is of {words[manifest.database]}, the settings name {words[wanted]}"
        remedy = "unset it" if wanted == "postgresql" else "name an empty PostgreSQL database"
        raise BadInput([Problem("HELDOUT_DATABASE_URL", message, remedy)])


def _fill(folder: Path, database: Path, manifest: Manifest) -> None:
    """Guard what is secret, open what is public, and put the database where the settings say."""
    for path in (folder / "files").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    if manifest.database == "sqlite":
        return
    try:
        restore_database(database, conf.load(os.environ).database_url)
    except CannotCopy as error:
        raise BadInput([Problem("the database", str(error))]) from None
    database.unlink()
