from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from heldout.site.catalog import storage
from heldout.site.catalog.models import DataFile, DataRevision, DataSet

DATA = "data"
# The order people use them in; other splits follow by name.
_ORDER = {"train": 0, "val": 1, "validation": 1, "test": 2}


@dataclass(frozen=True, slots=True)
class Table:
    """A split's table: its path inside the public data, and how many examples it has."""

    path: str
    split: str
    examples: int


def store(*, slug: str, source: Path) -> tuple[str, str]:
    """Copy public data to its place; returns its digest and its folder below the public files.

    Storing the same data twice stores it once.
    """
    digest = storage.tree_digest(source)
    folder = f"{slug}/{digest[:20]}"
    final = Path(settings.FILES) / folder
    if not final.is_dir():
        with storage.new_folder(final) as part:
            storage.copy_tree(source, part / DATA)
            storage.pack(source, part / f"{slug}.zip", top=slug)
    return digest, folder


@transaction.atomic
def add_revision(
    *, dataset: DataSet, digest: str, folder: str, tables: Mapping[str, Table], now: datetime
) -> DataRevision:
    """Make stored data a revision of its data set, with the files a visitor can download."""
    revision, new = DataRevision.objects.get_or_create(
        folder=folder, defaults={"dataset": dataset, "digest": digest, "created_at": now}
    )
    if new:
        DataFile.objects.bulk_create(_files(revision, dataset, tables))
    return revision


def _files(revision: DataRevision, dataset: DataSet, tables: Mapping[str, Table]) -> list[DataFile]:
    folder = Path(settings.FILES) / revision.folder
    files = [
        _file(revision, folder / DATA / table.path, table.path, table.split, table.examples)
        for table in tables.values()
    ]
    files.sort(key=lambda file: (_ORDER.get(file.split, len(_ORDER)), file.name))
    return [*files, _file(revision, folder / f"{dataset.slug}.zip", f"{dataset.slug}.zip")]


def _file(
    revision: DataRevision, path: Path, name: str, split: str = "", examples: int | None = None
) -> DataFile:
    return DataFile(
        revision=revision,
        name=name,
        split=split,
        size=path.stat().st_size,
        sha256=storage.sha256(path),
        examples=examples,
    )


def path_of(file: DataFile) -> Path:
    """Where a file lies; tables lie among the data, archives beside it."""
    folder = Path(settings.FILES) / file.revision.folder
    return folder / DATA / file.name if file.split else folder / file.name


def media_path(revision: DataRevision, name: str) -> Path | None:
    """Where one example's image lies, or None if the data has no such file."""
    folder = (Path(settings.FILES) / revision.folder / DATA).resolve()
    try:
        path = (folder / name).resolve()
        return path if path.is_relative_to(folder) and path.is_file() else None
    except (OSError, ValueError):  # A name no file can have.
        return None
