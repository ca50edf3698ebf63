"""The facts of a revision, counted once by a worker over what everybody may see."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import msgspec
import polars as pl
from django.conf import settings

from heldout.cards.facts import NAME, DatasetFacts, Edition, Subject, count_facts
from heldout.datasets.annotations import ANNOTATIONS, annotation_frame
from heldout.datasets.annotations.storing import ABOUT, TABLE
from heldout.datasets.atomic import write_bytes
from heldout.datasets.index.views import Role, View, view_for
from heldout.datasets.table import MEDIA
from heldout.datasets.writers import write_table
from heldout.decoding import decode
from heldout.site.catalog.jsonld import hides_something
from heldout.site.catalog.models import DataRevision, DataSet, Visibility
from heldout.site.catalog.reading import layout_of, public_parts
from heldout.site.catalog.services import data_folder, index_key, make_again
from heldout.site.catalog.suppliers import supplier_of
from heldout.site.common.models import Job, JobState

FACTS = "facts"


def facts_of(revision: DataRevision) -> DatasetFacts | None:
    """The facts, with today's words for the data set; None until they are counted."""
    path = _place(revision)
    if not path.is_file():
        return None
    return _with_today(_read(path), revision)


def _with_today(counted: DatasetFacts, revision: DataRevision) -> DatasetFacts:
    """The counts with what may be said anew without counting."""
    said, dataset = subject_of(revision), revision.dataset
    return msgspec.structs.replace(
        counted,
        title=said.title,
        summary=said.summary,
        license=said.license,
        organisers=list(said.organisers),
        editions=_editions(revision),
        maintainer=_maintainer(dataset, said),
        audience=_audience(dataset),
    )


def subject_of(revision: DataRevision) -> Subject:
    """What is said of a revision, without its tables."""
    return supplier_of(revision.dataset).subject(revision, data_folder(revision), {})


def _editions(revision: DataRevision) -> list[Edition]:
    until = revision.dataset.revisions.filter(pk__lte=revision.pk).order_by("pk")
    return [
        Edition(f"{one.created_at:%Y-%m-%d}", one.digest[:12], " ".join(one.notes.split()))
        for one in until
    ]


def _maintainer(dataset: DataSet, said: Subject) -> str:
    names = [dataset.owner.handle] if dataset.owner else list(said.organisers)
    where = settings.HELDOUT.site_name
    return f"{', '.join(names)}, on {where}." if names else ""


def _audience(dataset: DataSet) -> str:
    """Data of a challenge are handed out by its own rules."""
    if dataset.owner_id is None:
        return ""
    if dataset.visibility == Visibility.PUBLIC:
        return "Yes: everybody may browse it here and take it away."
    return "Not yet: only people it was shared with see it here."


@lru_cache(maxsize=8)
def _read(path: Path) -> DatasetFacts:
    found: DatasetFacts = decode(path.read_bytes(), DatasetFacts)
    return found


def _place(revision: DataRevision) -> Path:
    return folder_of(revision) / NAME


def folder_of(revision: DataRevision) -> Path:
    """What is made of this state of a revision: its data, and who sees what of them."""
    return Path(settings.DOCUMENTS) / index_key(revision)


def request_facts(*, revision: DataRevision, now: datetime) -> None:
    """Have a worker count, unless it is done or being done, or was given up."""
    if not _place(revision).is_file() and not failure_of(revision):
        make_again(FACTS, revision=revision, now=now)


def failure_of(revision: DataRevision) -> str:
    """Why the facts cannot be counted; empty unless it was given up."""
    key = f"{FACTS}:{index_key(revision)}"
    last = Job.objects.filter(key=key).order_by("-attempt").first()
    return last.error if last is not None and last.state == JobState.DEAD else ""


def count_now(revision: DataRevision) -> DatasetFacts:
    """Count in this process, and keep what was counted.

    Raises:
        BadInput: A table cannot be read.
    """
    known = facts_of(revision)
    if known is not None:
        return known
    with public_data(revision) as (data, tables):
        subject = supplier_of(revision.dataset).subject(revision, data, tables)
        counted = count_facts(subject)
    place = _place(revision)
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_bytes(place, counted.to_json())
    return _with_today(counted, revision)


@contextmanager
def public_data(revision: DataRevision) -> Iterator[tuple[Path, dict[str, Path]]]:
    """A folder with what everybody may see, and the table of each split in it.

    Where something is hidden the tables are cut down first; else it is the stored folder itself.
    """
    if not hides_something(revision):
        data = data_folder(revision)
        files = revision.files.exclude(split="")
        yield data, {file.split: data / file.name for file in files}
        return
    with tempfile.TemporaryDirectory(dir=Path(settings.DATA) / "incoming") as scratch:
        yield Path(scratch) / "data", _write_public(revision, Path(scratch) / "data")


def _write_public(revision: DataRevision, folder: Path) -> dict[str, Path]:
    parts, stored = public_parts(revision), data_folder(revision)
    view = view_for(Role.PUBLIC, parts, access=layout_of(revision).access)
    folder.mkdir()
    names = {file.split: Path(file.name).stem for file in revision.files.exclude(split="")}
    tables = {part.split: folder / f"{names[part.split]}.parquet" for part in view.parts}
    for part in view.parts:
        write_table(part.frame, tables[part.split])
        if MEDIA in part.frame.columns:
            _copy_media(part.frame[MEDIA].to_list(), stored, folder)
    _write_annotations(view, stored, folder)
    return tables


def _copy_media(names: list[str | None], stored: Path, folder: Path) -> None:
    for name in dict.fromkeys(filter(None, names)):
        source, target = stored / name, folder / name
        if source.is_file() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def _write_annotations(view: View, stored: Path, folder: Path) -> None:
    if not (stored / TABLE).is_file():
        return
    frames = [part.annotations.select(*ANNOTATIONS) for part in view.parts]
    write_table(pl.concat([annotation_frame({}), *frames]), folder / TABLE)
    shutil.copyfile(stored / ABOUT, folder / ABOUT)
