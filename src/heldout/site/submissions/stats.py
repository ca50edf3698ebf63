"""Per-example statistics: kept among the answers, because they would give them away."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path
from typing import TypedDict

from django.conf import settings

from heldout.datasets.atomic import make_folder
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.storage import load_stats, save_stats
from heldout.site.common import objects
from heldout.site.submissions import storage


class Kept(TypedDict):
    """Where statistics lie, and the hash that their content must have."""

    file: str
    sha256: str


def keep(stats: ExampleStats) -> Kept:
    """Write statistics under their content hash; they survive a power cut once this returns."""
    folder = _folder()
    make_folder(folder, mode=0o700)
    part = folder / f"incoming-{secrets.token_hex(12)}.parquet"
    try:
        save_stats(stats, part)
        sha256 = hashlib.sha256(part.read_bytes()).hexdigest()
        file = f"{sha256[:2]}/{sha256}.parquet"
        make_folder((folder / file).parent, mode=0o700)
        part.replace(folder / file)
        storage.sync_folder((folder / file).parent)
        objects.keep(folder / file)
    finally:
        part.unlink(missing_ok=True)
    return {"file": file, "sha256": sha256}


def read(kept: Kept) -> ExampleStats:
    """Read kept statistics.

    Raises:
        DamagedFile: They are not what was kept.
        BadInput: Another version of the metric made them.
    """
    path = objects.fetch(_folder() / kept["file"])
    if hashlib.sha256(path.read_bytes()).hexdigest() != kept["sha256"]:
        raise storage.DamagedFile(f"the statistics {kept['sha256'][:12]} have changed on disk")
    return load_stats(path)


def _folder() -> Path:
    return Path(settings.ANSWERS) / "stats"
