"""How many backups are kept: the newest of a site, by the names that it gives them."""

from __future__ import annotations

import hashlib
import re
import tarfile
from datetime import UTC, datetime
from pathlib import Path

from heldout.errors import BadInput, Problem
from heldout.site.backup import MANIFEST, File, Manifest

CHUNK = 1 << 20


def site_name(folder: str, *, secret: str) -> str:
    """Of a site whose data folder has this name: another's with the same name has another secret."""
    return f"{folder}-{hashlib.sha256(secret.encode()).hexdigest()[:8]}"


def name(site: str, *, now: datetime) -> str:
    """What a site's backup of this moment is called; names sort as their times do."""
    return f"{site}-{now.astimezone(UTC):%Y-%m-%dT%H%M%SZ}.tar"


def keep(newest: Path, *, site: str, count: int, manifest: Manifest) -> list[Path]:
    """Delete this site's backups beside the newest but the last ones; returns those deleted.

    Nothing else is ever deleted, and nothing at all before the newest is read back whole.

    Raises:
        BadInput: The newest does not hold what was written.
    """
    _check(newest, manifest)
    ours = re.compile(rf"{re.escape(site)}-\d{{4}}-\d\d-\d\dT\d{{6}}Z\.tar")
    older = [
        path
        for path in newest.parent.iterdir()
        if ours.fullmatch(path.name) and path.is_file() and not path.is_symlink()
    ]
    older = sorted(path for path in older if path.name != newest.name)
    gone = older[: max(0, len(older) - (count - 1))]
    for path in gone:
        path.unlink(missing_ok=True)
    return gone


def _check(archive: Path, manifest: Manifest) -> None:
    found = {}
    try:
        with tarfile.open(archive, "r|") as tar:
            for member in tar:
                found[member.name] = _read(tar, member)
    except (tarfile.TarError, EOFError) as error:
        raise _refused(archive, f"cannot be read back ({error})") from None
    if MANIFEST not in found or manifest.files != {
        name: file for name, file in found.items() if name != MANIFEST
    }:
        raise _refused(archive, "does not hold what was written")


def _read(tar: tarfile.TarFile, member: tarfile.TarInfo) -> File:
    sha256, content = hashlib.sha256(), tar.extractfile(member)
    while content and (chunk := content.read(CHUNK)):
        sha256.update(chunk)
    return File(sha256.hexdigest(), member.size)


def _refused(archive: Path, message: str) -> BadInput:
    return BadInput([Problem(str(archive), message, "no older backup was deleted; make another")])
