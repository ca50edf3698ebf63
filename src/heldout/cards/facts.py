"""What a program can know of a challenge's data, each fact with the query that gave it.

All documents of a version are made from these facts, so they cannot contradict each other. Only the
public folder is read: nothing here knows a held-out answer.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from heldout.cards.traces import Traces, find_traces
from heldout.challenge.folder import Challenge
from heldout.datasets.annotations.storing import TABLE as ANNOTATIONS_TABLE
from heldout.datasets.images import ImageFacts, inspect_image
from heldout.datasets.manifest import FILE_NAME, hash_files, read_manifest
from heldout.datasets.table import ID, REFERENCE
from heldout.datasets.tables import format_of
from heldout.errors import Problems

NAME = "facts.json"
_MOST_VALUES = 50
_WHO_MAY = ("license", "licence", "author", "source", "source_url", "credit")


class ColumnFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One column of a table.

    Attributes:
        kind: Polars' name of its type, such as `String` or `Float64`.
        values: How often each value occurs, where there are few.
        lowest: Of numbers and times, as text; likewise `highest`.
    """

    name: str
    kind: str
    missing: int
    distinct: int
    lowest: str | None = None
    highest: str | None = None
    values: dict[str, int] = {}


class SplitFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One split's public table.

    Attributes:
        held_out: Whether its answers are kept back.
        file: Below the data folder.
    """

    name: str
    file: str
    examples: int
    held_out: bool
    columns: list[ColumnFacts]


class MediaFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The media files of all splits.

    Attributes:
        widths: (smallest, median, largest) in pixels; likewise heights.
        shared: Examples whose medium another example has as well.
    """

    files: int
    bytes: int
    formats: dict[str, int]
    widths: tuple[int, int, int]
    heights: tuple[int, int, int]
    shared: int


class Edition(msgspec.Struct, frozen=True):
    """One revision of the data, with what its maker noted."""

    date: str
    version: str
    notes: str = ""


class DatasetFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is counted; `queries` says how, by the name of the fact.

    Attributes:
        version: The first characters of the hash over all files.
        annotations: The table of boxes, masks, answers … of all splits, where there is one.
        files: Size and SHA-256 by path below the data folder.
        split_method: As the manifest records it; empty where there is no manifest.
        item_licences: How many items name which licence, where items name one.
        traces: Where the data come from, and whom they may lead to.
        editions: The revisions up to this one, where somebody keeps them; the first first.
        maintainer: Who looks after the data, where that is kept.
        audience: Who may have the data, as an answer; empty where nobody keeps that.
    """

    id: str
    title: str
    summary: str
    version: str
    license: str
    organisers: list[str]
    task: str
    metric: str
    classes: list[str]
    subgroups: list[list[str]]
    cluster: str | None
    id_column: str
    media_column: str | None
    splits: list[SplitFacts]
    annotations: SplitFacts | None = None
    files: dict[str, tuple[int, str]]
    split_method: dict[str, Any]
    media: MediaFacts | None
    item_licences: dict[str, int]
    dates: dict[str, str]
    software: str
    queries: dict[str, str]
    traces: Traces | None = None
    editions: list[Edition] = []
    maintainer: str = ""
    audience: str = ""

    @property
    def examples(self) -> int:
        """Over all splits."""
        return sum(split.examples for split in self.splits)

    @property
    def total_bytes(self) -> int:
        """Of all public files."""
        return sum(size for size, _ in self.files.values())

    def column(self, name: str) -> ColumnFacts | None:
        """Return a column as the first split that has it shows it."""
        return next((it for split in self.splits for it in split.columns if it.name == name), None)

    def to_json(self) -> bytes:
        """Return the facts file."""
        return msgspec.json.format(msgspec.json.encode(self, order="sorted"), indent=2) + b"\n"


QUERIES = {
    "splits": "rows of data/<split> by table; `held out` where a phase scores the split",
    "columns": "per column: null cells, distinct values, smallest and largest",
    "classes": "classes in challenge.toml",
    "reference": "values of the column `reference` in splits that have it",
    "files": "size and SHA-256 of every file below data/",
    "media": "headers of all files below data/media",
    "shared": "examples whose media path another example has as well",
    "item_licences": f"values of the columns {', '.join(_WHO_MAY[:2])}",
    "split_method": "data/manifest.json, key `split`",
    "dates": "opens and closes of the phases in challenge.toml",
    "traces": "addresses, times, and patterns of e-mail addresses and telephone numbers in columns of text",
    "groups": "columns named photographer, household, sequence and the like; annotations by example",
    "people": "subgroups in challenge.toml; columns named country, gender, age_group and the like",
    "located": "texts that match a pattern; images whose EXIF has a GPS block",
    "labelled": "the columns annotator and origin of the annotations",
    "editions": "the revisions that are kept, with their dates and notes",
    "site": "the site's record of the data set",
}


@dataclass(frozen=True)
class Subject:
    """The data that facts are about: tables and media in a folder, and what people say of them.

    Attributes:
        data: The public folder.
        tables: The table of each split, in the order of the documents.
        held_out: The splits whose answers are kept back.
        task: What the data are for; empty where nobody said.
        metric: What a challenge ranks by; empty where there is none.
    """

    id: str
    title: str
    data: Path
    tables: Mapping[str, Path]
    summary: str = ""
    license: str = ""
    organisers: Sequence[str] = ()
    task: str = ""
    metric: str = ""
    classes: Sequence[str] = ()
    subgroups: Sequence[Sequence[str]] = ()
    cluster: str | None = None
    id_column: str = ID
    media_column: str | None = None
    held_out: frozenset[str] = frozenset()
    dates: Mapping[str, str] = field(default_factory=dict)


def subject_of(challenge: Challenge) -> Subject:
    """Return the public data of a challenge, with what its definition says of them."""
    about, data = challenge.definition.challenge, challenge.definition.data
    paths = {name: challenge.table_path(name) for name in challenge.splits()}
    return Subject(
        id=about.id,
        title=about.title,
        data=challenge.data,
        tables={name: path for name, path in paths.items() if path is not None},
        summary=about.summary,
        license=about.license,
        organisers=about.organisers,
        task=about.task,
        metric=challenge.definition.primary.spec,
        classes=about.classes,
        subgroups=data.subgroups,
        cluster=data.cluster,
        id_column=data.id,
        media_column=data.media,
        held_out=frozenset(phase.split for phase in challenge.definition.phases),
        dates={
            f"{phase.id} {what}": getattr(phase, what).isoformat()
            for phase in challenge.definition.phases
            for what in ("opens", "closes")
        },
    )


def collect_facts(challenge: Challenge) -> DatasetFacts:
    """Count everything in the public folder of a challenge.

    Raises:
        BadInput: A table cannot be read.
    """
    return count_facts(subject_of(challenge))


def count_facts(subject: Subject) -> DatasetFacts:
    """Count everything in a folder of public data.

    Raises:
        BadInput: A table cannot be read.
    """
    frames = {
        name: read_typed(path, keep=(subject.id_column, REFERENCE))
        for name, path in subject.tables.items()
    }
    files = _files(subject.data)
    return DatasetFacts(
        id=subject.id,
        title=subject.title,
        summary=subject.summary,
        version=_version(files),
        license=subject.license,
        organisers=list(subject.organisers),
        task=subject.task,
        metric=subject.metric,
        classes=list(subject.classes),
        subgroups=[list(names) for names in subject.subgroups],
        cluster=subject.cluster,
        id_column=subject.id_column,
        media_column=subject.media_column,
        splits=[
            _table(name, subject.tables[name], frame, subject) for name, frame in frames.items()
        ],
        annotations=_annotations(subject),
        files=files,
        split_method=_split_method(subject.data),
        media=_media(subject, list(frames.values())),
        item_licences=_item_licences(list(frames.values())),
        dates=dict(subject.dates),
        software=f"heldout {version('heldout')}",
        queries=QUERIES,
        traces=_traces(subject, list(frames.values())),
    )


def _traces(subject: Subject, tables: list[pl.DataFrame]) -> Traces:
    path, column = subject.data / ANNOTATIONS_TABLE, subject.media_column
    return find_traces(
        [table.drop(column, strict=False) if column else table for table in tables],
        annotations=pl.read_parquet(path) if path.is_file() else None,
        images=None if column is None else _media_paths(subject, _used(column, tables)),
        most_values=_MOST_VALUES,
    )


def _table(name: str, file: Path, frame: pl.DataFrame, subject: Subject) -> SplitFacts:
    return SplitFacts(
        name=name,
        file=file.relative_to(subject.data).as_posix(),
        examples=frame.height,
        held_out=name in subject.held_out and REFERENCE not in frame.columns,
        columns=[_column(frame[column]) for column in frame.columns],
    )


def _annotations(subject: Subject) -> SplitFacts | None:
    """The annotations beside the splits, where the folder was written by `save_dataset`."""
    path = subject.data / ANNOTATIONS_TABLE
    if not path.is_file():
        return None
    return _table(path.stem, path, pl.read_parquet(path), subject)


def read_split(challenge: Challenge, split: str) -> tuple[Path, pl.DataFrame]:
    """Return the file and the rows of a split; columns of CSV that hold numbers are numbers.

    Raises:
        BadInput: It cannot be read.
    """
    path = challenge.table_path(split)
    assert path is not None
    return path, read_typed(path, keep=(challenge.definition.data.id, REFERENCE))


def read_typed(path: Path, *, keep: Collection[str]) -> pl.DataFrame:
    """Return a table; columns of text that hold numbers are numbers, but for those to keep.

    Raises:
        BadInput: It cannot be read.
    """
    form = format_of(path.suffix)
    assert form is not None
    problems = Problems()
    table = form.read(path, problems)
    problems.refuse_if_any()
    assert table is not None
    return table.frame.with_columns(
        _typed(cells) for cells in table.frame if cells.name not in keep
    )


def _typed(cells: pl.Series) -> pl.Series:
    if cells.dtype != pl.String:
        return cells
    numbers = cells.cast(pl.Float64, strict=False)
    return numbers if numbers.null_count() == cells.null_count() < len(cells) else cells


def _files(folder: Path) -> dict[str, tuple[int, str]]:
    hashes = hash_files(folder)
    return {name: ((folder / name).stat().st_size, digest) for name, digest in hashes.items()}


def _version(files: Mapping[str, tuple[int, str]]) -> str:
    listing = "\n".join(f"{digest}  {name}" for name, (_, digest) in sorted(files.items()))
    return hashlib.sha256(listing.encode()).hexdigest()[:12]


def _split_method(folder: Path) -> dict[str, Any]:
    if not (folder / FILE_NAME).is_file():
        return {}
    record: dict[str, Any] = msgspec.to_builtins(read_manifest(folder).split)
    return record


def _column(cells: pl.Series) -> ColumnFacts:
    known = cells.drop_nulls()
    ordered = known.dtype.is_numeric() or known.dtype.is_temporal()
    distinct = known.n_unique() if known.dtype != pl.Object else 0
    few = distinct <= _MOST_VALUES and known.dtype in (pl.String, pl.Boolean, pl.Categorical)
    return ColumnFacts(
        name=cells.name,
        kind=str(cells.dtype),
        missing=cells.null_count(),
        distinct=distinct,
        lowest=str(known.min()) if ordered and len(known) else None,
        highest=str(known.max()) if ordered and len(known) else None,
        values=_counts(known) if few else {},
    )


def _counts(cells: pl.Series) -> dict[str, int]:
    return dict(sorted(Counter(map(str, cells)).items(), key=lambda pair: (-pair[1], pair[0])))


def _media(subject: Subject, tables: list[pl.DataFrame]) -> MediaFacts | None:
    column = subject.media_column
    if column is None:
        return None
    used = _used(column, tables)
    paths = _media_paths(subject, used)
    known = [found for path in paths if isinstance(found := inspect_image(path), ImageFacts)]
    if not known:
        return None
    return MediaFacts(
        files=len(paths),
        bytes=sum(path.stat().st_size for path in paths),
        formats=dict(Counter(found.format for found in known)),
        widths=_spread([found.width for found in known]),
        heights=_spread([found.height for found in known]),
        shared=sum(times for times in used.values() if times > 1),
    )


def _used(column: str, tables: list[pl.DataFrame]) -> Counter[str]:
    """How many examples have which medium."""
    named = [name for table in tables if column in table.columns for name in table[column]]
    return Counter(name for name in named if name)


def _media_paths(subject: Subject, used: Iterable[str]) -> list[Path]:
    return [path for name in used if (path := subject.data / name).is_file()]


def _spread(numbers: list[int]) -> tuple[int, int, int]:
    ordered = sorted(numbers)
    return ordered[0], ordered[len(ordered) // 2], ordered[-1]


def _item_licences(tables: list[pl.DataFrame]) -> dict[str, int]:
    named: Counter[str] = Counter()
    for table in tables:
        for column in _WHO_MAY[:2]:
            if column in table.columns:
                named.update("none stated" if cell is None else str(cell) for cell in table[column])
    return dict(named)
