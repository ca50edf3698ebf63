from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings
from django.db import transaction

from heldout.datasets.index.build import VERSION
from heldout.site.catalog import storage
from heldout.site.catalog.models import DataFile, DataRevision, DataSet, RevisionIndex
from heldout.site.common import jobs, objects
from heldout.site.common.models import Job, JobState

DATA = "data"
INDEX = "index"
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
    *,
    dataset: DataSet,
    digest: str,
    folder: str,
    tables: Mapping[str, Table],
    now: datetime,
    layout: Mapping[str, Any] | None = None,
    hidden: str = "",
) -> DataRevision:
    """Make stored data the current revision of its data set, to be downloaded and browsed.

    `layout` is that of `reading.Layout`; `hidden` the folder of the held-out answers among the site's.
    """
    told = {"layout": dict(layout or {}), "hidden": hidden}
    revision, new = DataRevision.objects.update_or_create(
        folder=folder,
        defaults=told,
        create_defaults={**told, "dataset": dataset, "digest": digest, "created_at": now},
    )
    if new:
        DataFile.objects.bulk_create(_files(revision, dataset, tables))
    dataset.current = revision
    dataset.save(update_fields=["current"])
    request_index(revision=revision, now=now)
    return revision


def index_key(revision: DataRevision) -> str:
    """Names what an index is made from: it is built anew when any of it changes."""
    made_from = (VERSION, revision.digest, revision.layout, revision.hidden)
    content = msgspec.json.encode(made_from, order="sorted")
    return f"{revision.pk}-{hashlib.sha256(content).hexdigest()[:16]}"


def request_index(*, revision: DataRevision, now: datetime) -> None:
    """Have a worker build the indexes of a revision, unless they are there or being built."""
    if not _is_indexed(revision):
        make_again(INDEX, revision=revision, now=now)


def _is_indexed(revision: DataRevision) -> bool:
    """A backup leaves the folders out, and another revision's indexes take the place of these."""
    rows = RevisionIndex.objects.filter(revision=revision)
    folders = rows.filter(folder__startswith=f"{index_key(revision)}-").values_list("folder")
    return bool(folders) and all((Path(settings.INDEXES) / name).is_dir() for (name,) in folders)


def make_again(kind: str, *, revision: DataRevision, now: datetime) -> None:
    """Have a worker make what is not there, though it may have made it once."""
    key = f"{kind}:{index_key(revision)}"
    Job.objects.filter(key=key, state=JobState.DONE).update(state=JobState.CANCELLED)
    jobs.enqueue(kind, key=key, payload={"revision": revision.pk}, now=now)


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


def data_folder(revision: DataRevision) -> Path:
    return _folder(revision) / DATA


def _folder(revision: DataRevision) -> Path:
    return objects.fetch_folder(Path(settings.FILES) / revision.folder)


def path_of(file: DataFile) -> Path:
    """Where a file lies; tables lie among the data, archives beside it."""
    folder = _folder(file.revision)
    return folder / DATA / file.name if file.split else folder / file.name


def media_path(revision: DataRevision, name: str) -> Path | None:
    """Where one example's image lies, or None if the data has no such file."""
    folder = data_folder(revision).resolve()
    try:
        path = (folder / name).resolve()
        return path if path.is_relative_to(folder) and path.is_file() else None
    except (OSError, ValueError):  # A name no file can have.
        return None
