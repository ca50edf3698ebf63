"""From a revision's files to the parts an index is built from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import polars as pl
from django.conf import settings

from heldout.datasets.annotations import ANNOTATIONS, Category, annotation_frame
from heldout.datasets.annotations.storing import ABOUT, TABLE
from heldout.datasets.formats import read_dataset
from heldout.datasets.index.views import Access, Part, Role
from heldout.datasets.table import ID, MEDIA
from heldout.datasets.tables import format_of
from heldout.decoding import convert, decode
from heldout.errors import BadInput, Problems
from heldout.site.catalog.models import DataRevision
from heldout.site.catalog.services import data_folder, path_of
from heldout.site.common import objects
from heldout.site.common.handlers import Hopeless


class Layout(msgspec.Struct, frozen=True):
    """What the columns of a revision's tables are, and who sees them; the model's `layout`.

    Attributes:
        id: The column that names the examples.
        media: The column of the images' files; empty where there are none.
        classes: The declared classes.
        columns: The least role that sees a column.
        splits: The least role that sees a split.
        annotations: The least role that sees a split's boxes, outlines, labels and answers.
    """

    id: str = ID
    media: str = ""
    classes: tuple[str, ...] = ()
    columns: dict[str, int] = {}
    splits: dict[str, int] = {}
    annotations: dict[str, int] = {}

    @property
    def access(self) -> Access:
        return Access(
            splits={name: Role(role) for name, role in self.splits.items()},
            columns={name: Role(role) for name, role in self.columns.items()},
            annotations={name: Role(role) for name, role in self.annotations.items()},
        )


def layout_of(revision: DataRevision) -> Layout:
    return convert(revision.layout, Layout)


def public_parts(revision: DataRevision) -> list[Part]:
    """All splits as visitors may download them."""
    layout, known = layout_of(revision), _annotations(data_folder(revision))
    return [
        _part(file.split, _frame(path_of(file), layout), known)
        for file in revision.files.all()
        if file.split
    ]


def held_out_parts(revision: DataRevision) -> list[Part]:
    """The held-out answers; for the organisers' index only."""
    if not revision.hidden:
        return []
    folder, layout = Path(settings.ANSWERS) / revision.hidden, layout_of(revision)
    objects.fetch_folder(folder.parent)
    known = {part.split for part in public_parts(revision)}
    return list(_answers(folder, layout, known))


def categories(revision: DataRevision) -> tuple[Category, ...]:
    """The declared classes, with what is known of them."""
    path = data_folder(revision) / ABOUT
    if path.is_file():
        about = decode(path.read_bytes())
        return tuple(convert(one, Category) for one in about.get("categories", ()))
    return tuple(Category(name) for name in layout_of(revision).classes)


def _frame(path: Path, layout: Layout) -> pl.DataFrame:
    problems = Problems()
    kind = format_of(path.suffix)
    if kind is None:
        raise Hopeless(f"{path.name} is no table")
    table = kind.read(path, problems)
    if table is None or problems.found:
        raise Hopeless(str(BadInput(problems.found)))
    frame = table.frame
    names = {layout.id: ID} | ({layout.media: MEDIA} if layout.media else {})
    frame = frame.rename({old: new for old, new in names.items() if old in frame.columns})
    if ID not in frame.columns:
        raise Hopeless(f'{path.name} has no column "{layout.id}"')
    return frame.with_columns(pl.col(ID).cast(pl.String))


def _annotations(folder: Path) -> pl.DataFrame:
    path = folder / TABLE
    if not path.is_file():
        return annotation_frame({})
    return pl.read_parquet(path).select(
        pl.col(name).cast(kind) for name, kind in ANNOTATIONS.items()
    )


def _part(split: str, frame: pl.DataFrame, known: pl.DataFrame) -> Part:
    ids = frame[ID].implode()
    return Part(split, frame, known.filter(pl.col(ID).is_in(ids)) if len(known) else known)


def _answers(folder: Path, layout: Layout, splits: set[str]) -> Iterator[Part]:
    """A table per split, or what the task's own format is; a manifest beside them is none."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.stem not in splits:
            continue
        if format_of(path.suffix) is not None:
            yield Part(path.stem, _frame(path, layout))
        elif path.suffix == ".json":
            # The pictures lie among the public data; of these files only the labels are wanted.
            found = read_dataset(path, problems=Problems(), decode=False)
            yield Part(path.stem, found.examples.select(ID), found.annotations)
