"""From a file somebody has to a data set that can be browsed: read, checked, stored, indexed."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path, PurePath
from typing import Any, BinaryIO, NamedTuple

import polars as pl
from django.conf import settings
from django.db import transaction

from heldout.datasets.annotations import DataSet as Annotated
from heldout.datasets.annotations.storing import EXAMPLES, save_dataset
from heldout.datasets.formats import read_dataset
from heldout.datasets.index.columns import SPLIT
from heldout.datasets.media import in_threads, store_media
from heldout.datasets.table import MEDIA
from heldout.datasets.writers import write_table
from heldout.errors import BadInput, Problem, Problems
from heldout.site.accounts.models import User
from heldout.site.catalog.models import DataRevision, DataSet
from heldout.site.catalog.services import Table, add_revision, store
from heldout.site.common import audit
from heldout.site.common.archives import Bounds, discard, unpack

# Names that are pages of their own.
RESERVED = frozenset({"add", "uploads"})
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
# The split of examples whose source knows none.
ALL = "all"


class Imported(NamedTuple):
    revision: DataRevision
    examples: int
    problems: tuple[Problem, ...]


class Prepared(NamedTuple):
    """Data that are read and stored, but of which no row tells yet."""

    digest: str
    folder: str
    tables: Mapping[str, Table]
    layout: Mapping[str, Any]
    about: Mapping[str, Any]
    examples: int
    problems: tuple[Problem, ...]


# Is told what is being done.
Tell = Callable[[str], None]


def import_data(
    *,
    dataset: DataSet,
    source: Path | BinaryIO,
    name: str = "",
    by: User | None,
    now: datetime,
    lenient: bool = False,
    layout: Mapping[str, Any] | None = None,
    notes: str = "",
) -> Imported:
    """Make a file or folder in any format that can be read the next revision of a data set.

    Args:
        dataset: To which it belongs; not yet saved if it is new.
        source: A path, or an upload.
        name: The upload's file name, which tells its format.
        by: Who does it; None for the machine's own administrator.
        now: The time.
        lenient: Leave out what is at fault; otherwise any fault refuses the whole.
        layout: Who sees which columns and splits, as in `reading.Layout`; by default as before.
        notes: What is new in this revision.

    Raises:
        BadInput: With every problem of the files.
    """
    prepared = prepare(dataset=dataset, source=source, name=name, lenient=lenient, layout=layout)
    return keep(prepared, dataset=dataset, by=by, now=now, notes=notes)


def prepare(
    *,
    dataset: DataSet,
    source: Path | BinaryIO,
    name: str = "",
    lenient: bool = False,
    layout: Mapping[str, Any] | None = None,
    tell: Tell = lambda stage: None,
) -> Prepared:
    """Read and store, which takes long; `keep` makes it a revision, which does not.

    Raises:
        BadInput: With every problem of the files.
    """
    with _scratch() as scratch:
        tell("unpacking")
        path = source if isinstance(source, Path) else _received(source, name, scratch)
        problems = Problems()
        tell("reading")
        found = _read(path, scratch, problems, lenient=lenient)
        tell(f"storing {len(found):,} examples")
        tables = _write(found, scratch / "data")
        digest, folder = store(slug=dataset.slug, source=scratch / "data")
    told = {"media": MEDIA if MEDIA in found.examples.columns else "", **(layout or {})}
    about = dict(_known(found.info))
    return Prepared(digest, folder, tables, told, about, len(found), tuple(problems.found))


@transaction.atomic
def keep(
    prepared: Prepared, *, dataset: DataSet, by: User | None, now: datetime, notes: str = ""
) -> Imported:
    """Make what was prepared the current revision; who saw what of the one before sees it of this."""
    dataset.about = {**prepared.about, **dataset.about}
    dataset.save()
    revision = add_revision(
        dataset=dataset,
        digest=prepared.digest,
        folder=prepared.folder,
        tables=prepared.tables,
        now=now,
        layout={**_seen_before(dataset), **prepared.layout},
    )
    if notes:
        revision.notes = notes
        revision.save(update_fields=["notes"])
    audit.record("data added", by=by, on=dataset, now=now, examples=prepared.examples)
    return Imported(revision, prepared.examples, prepared.problems)


def _seen_before(dataset: DataSet) -> dict[str, Any]:
    """What is hidden stays hidden in the next revision."""
    layout = dataset.current.layout if dataset.current is not None else {}
    return {name: layout[name] for name in ("columns", "splits", "annotations") if name in layout}


def find_own(*, slug: str, owner: User) -> DataSet:
    """The person's data set of this name, or a new one that is not yet saved.

    Raises:
        BadInput: The name is no name, or somebody else's.
    """
    if slug in RESERVED or not SLUG.fullmatch(slug):
        remedy = "use small letters, digits and single hyphens, as in street-signs"
        raise BadInput([Problem("name", f'"{slug}" cannot stand in an address', remedy)])
    dataset = DataSet.objects.filter(slug=slug).first()
    if dataset is not None and dataset.owner_id != owner.pk:
        raise BadInput([Problem("name", f'"{slug}" is taken', "choose another name")])
    return dataset or DataSet(slug=slug, owner=owner)


@contextmanager
def _scratch() -> Iterator[Path]:
    folder = Path(settings.DATA) / "incoming" / secrets.token_hex(16)
    folder.mkdir(parents=True, mode=0o700)
    try:
        yield folder
    finally:
        discard(folder)


def _received(upload: BinaryIO, name: str, scratch: Path) -> Path:
    """The upload as a file that bears no name of its sender's but its ending, or as a folder."""
    folder = scratch / "upload"
    folder.mkdir()
    if upload.read(4) == b"PK\x03\x04":
        upload.seek(0)
        bounds = Bounds(settings.HELDOUT.challenge_limit, settings.HELDOUT.challenge_files)
        return unpack(upload, folder, bounds=bounds)
    upload.seek(0)
    suffix = PurePath(name).suffix.lower()
    if not suffix.removeprefix(".").isalnum():
        raise BadInput([Problem("file", "its name has no ending", "name it as in data.csv")])
    path = folder / f"data{suffix}"
    with path.open("xb") as file:
        while chunk := upload.read(1 << 20):
            file.write(chunk)
    return path


def _read(path: Path, scratch: Path, problems: Problems, *, lenient: bool) -> Annotated:
    (scratch / "media").mkdir()
    try:
        found = read_dataset(path, scratch=scratch / "media", problems=problems)
        if not lenient:
            problems.refuse_if_any()
    except BadInput as error:
        # Where the server keeps an upload is nobody's business.
        told = [_without(scratch, problem) for problem in error.problems]
        raise BadInput(told, unlisted=error.unlisted) from None
    return found


def _without(scratch: Path, problem: Problem) -> Problem:
    def cut(text: str) -> str:
        return text.replace(f"{scratch / 'upload'}/", "").replace(str(scratch / "upload"), "file")

    return Problem(cut(problem.place), cut(problem.message), cut(problem.remedy))


def _write(found: Annotated, folder: Path) -> dict[str, Table]:
    """One table per split, the images by their hash, the annotations and the classes."""
    folder.mkdir()
    examples = found.examples
    if MEDIA in examples.columns:
        stored = _store_images(found, folder / "media")
        examples = examples.with_columns(pl.Series(MEDIA, stored, dtype=pl.String))
    if SPLIT not in examples.columns:
        examples = examples.with_columns(pl.lit(ALL).alias(SPLIT))
    examples = examples.with_columns(pl.col(SPLIT).fill_null(ALL))
    save_dataset(
        Annotated(examples, found.annotations, found.categories, found.licences, found.info),
        folder,
    )
    (folder / EXAMPLES).unlink()
    tables = {}
    for (split,), rows in examples.group_by(SPLIT, maintain_order=True):
        name = f"{_plain(str(split))}.parquet"
        write_table(rows.drop(SPLIT), folder / name)
        tables[name] = Table(name, str(split), len(rows))
    return tables


def _plain(split: str) -> str:
    """A file's name for a split, whatever it is called."""
    safe = "".join(one if one.isalnum() or one in "-_" else "-" for one in split)[:60]
    return f"split-{safe}" if safe in ("annotations", "examples", "") else safe


def _store_images(found: Annotated, folder: Path) -> list[str | None]:
    folder.mkdir()
    paths = found.media_paths()
    known = list(dict.fromkeys(path for path in paths if path is not None))
    names = in_threads(partial(store_media, folder=folder, durable=False), known)
    stored = dict(zip(known, names, strict=True))
    return [None if path is None else f"media/{stored[path]}" for path in paths]


def _known(info: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    for ours, theirs in (("creator", "contributor"), ("address", "url"), ("citation", "citation")):
        if info.get(theirs):
            yield ours, info[theirs]
