"""The statistics of a revision as one role sees it: counted and drawn by a worker, then only read.

What is counted is the view of the role, cut down before anything is looked at, as its index is: the
public statistics cannot know of a hidden column or a held-out answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec
import polars as pl
from django.urls import reverse
from django.utils.text import slugify

from heldout.cards import drawing
from heldout.cards.profile_report import cell_text, chart_of, cut_off
from heldout.datasets.annotations import DataSet as Annotated
from heldout.datasets.annotations import annotation_frame
from heldout.datasets.annotations.labels import labels_in
from heldout.datasets.atomic import write_bytes
from heldout.datasets.index.build import one_frame
from heldout.datasets.index.columns import SPLIT, Column
from heldout.datasets.index.describe import describe
from heldout.datasets.index.views import Part, Role, View, view_for
from heldout.datasets.profile import Bars, Grid, Statistic, profile, split_shift, two_samples
from heldout.datasets.profile.formulas import FORMULAS
from heldout.datasets.table import ID, MEDIA, REFERENCE
from heldout.decoding import decode
from heldout.errors import MissingExtra
from heldout.site.catalog.analyses import Step
from heldout.site.catalog.asking import address
from heldout.site.catalog.behind import behind
from heldout.site.catalog.models import DataRevision
from heldout.site.catalog.reading import categories, held_out_parts, layout_of, public_parts
from heldout.site.catalog.services import data_folder

FILE = "statistics.json"
# A page shows so many rows of a table; the download has all.
MOST_ROWS = 100
# Splits of which every pair is compared.
MOST_SPLITS = 6
SEED = 0


class Cell(NamedTuple):
    text: str
    numeric: bool


class Line(msgspec.Struct, frozen=True):
    """A row as it is shown, and the address of the examples behind it; empty if there is none."""

    cells: tuple[Cell, ...]
    address: str


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A statistic as a page shows it.

    Attributes:
        number: Its place, and the name of the file with its whole table.
        splits: The two splits it compares; empty if it compares none.
        wide: The drawing for a wide screen; empty if there is none.
        narrow: The drawing for a narrow screen.
    """

    id: str
    number: int
    title: str
    note: str
    formula: str
    query: str
    columns: tuple[Cell, ...]
    rows: int
    lines: tuple[Line, ...]
    alarms: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    wide: str = ""
    narrow: str = ""
    caption: str = ""


class Counted(msgspec.Struct, frozen=True):
    examples: int
    statistics: tuple[Shown, ...]


def view_of(revision: DataRevision, role: Role) -> View:
    """What a role sees of a revision; held-out answers are read for organisers only."""
    answers = held_out_parts(revision) if role is Role.ORGANISER else []
    access, classes = layout_of(revision).access, categories(revision)
    parts = public_parts(revision)
    return view_for(role, parts, access=access, answers=answers, categories=classes)


def count(revision: DataRevision, role: Role, folder: Path, step: Step) -> Counted:
    """Count all statistics of a revision, draw them, and write them into a folder."""
    step("Reading the tables", 0, 0)
    view = view_of(revision, role)
    dataset = dataset_of(view, revision)
    step("Counting", 0, 0)
    found = [
        *profile(dataset, stated=revision.dataset.license, media=MEDIA in dataset.examples.columns),
        *_pairs(dataset),
    ]
    known = Addresses(revision, view)
    shown = []
    for number, one in enumerate(found, 1):
        step(f"Drawing {one.title}", number, len(found))
        one.table.write_parquet(folder / f"{number}.parquet")
        shown.append(_shown(one, number, known))
    counted = Counted(len(dataset), tuple(shown))
    write_bytes(folder / FILE, msgspec.json.encode(counted))
    return counted


def dataset_of(view: View, revision: DataRevision) -> Annotated:
    """A view as the library's statistics take it; ids that stand in two splits are told apart."""
    parts = [_plain(part) for part in view.parts]
    ids = pl.concat([part.frame[ID] for part in parts]) if parts else pl.Series(ID, [])
    if ids.n_unique() < len(ids):
        parts = [_prefixed(part) for part in parts]
    frames = [part.frame.with_columns(pl.lit(part.split).alias(SPLIT)) for part in parts]
    examples = pl.concat(frames, how="diagonal_relaxed") if frames else pl.DataFrame({ID: []})
    annotations = pl.concat([annotation_frame({}), *(part.annotations for part in parts)])
    if _is_label(examples, view):
        annotations = pl.concat([annotations, labels_in(examples)])
        examples = examples.drop(REFERENCE)
    return Annotated(examples, annotations, view.categories, root=data_folder(revision))


def _plain(part: Part) -> Part:
    return replace(part, frame=part.frame.with_columns(pl.col(ID).cast(pl.String)))


def _prefixed(part: Part) -> Part:
    told = pl.format("{}: {}", pl.lit(part.split), pl.col(ID)).alias(ID)
    return replace(
        part,
        frame=part.frame.with_columns(told),
        annotations=part.annotations.with_columns(told),
    )


def _is_label(examples: pl.DataFrame, view: View) -> bool:
    """Whether the references are classes: declared, or words that repeat."""
    if REFERENCE not in examples.columns:
        return False
    cells = examples[REFERENCE]
    if view.categories or isinstance(cells.dtype, pl.List):
        return not cells.dtype.is_float()
    present = cells.drop_nulls()
    return cells.dtype == pl.String and present.n_unique() <= max(2, len(present) // 2)


def _pairs(dataset: Annotated) -> Iterator[Statistic]:
    """What the profile leaves out: the other pairs of splits, and whether each can be told apart."""
    splits = dataset.splits[:MOST_SPLITS]
    first = "train" if "train" in splits else next(iter(splits), "")
    for pair in combinations(splits, 2):
        if first not in pair:
            yield split_shift(dataset, *pair)
        both = replace(dataset, examples=dataset.examples.filter(pl.col(SPLIT).is_in(pair)))
        start = first if first in pair else pair[0]
        try:
            yield two_samples(both, first=start, seed=SEED)
        except MissingExtra:
            return


class Addresses:
    """Where rows of statistics lead: to examples, to one example, or to two splits side by side."""

    def __init__(self, revision: DataRevision, view: View) -> None:
        slug = revision.dataset.slug
        self._own, self._item, self._compare = (
            reverse(f"catalog:{name}", args=[slug]) for name in ("browse", "item", "compare")
        )
        self.columns: Mapping[str, Column] = {
            one.name: one for one in describe(one_frame(view.parts))
        }
        self._splits = {
            str(one): part.split for part in view.parts for one in part.frame[ID].cast(pl.String)
        }

    def of(self, one: Statistic, row: Mapping[str, Any]) -> str:
        if ID in row:
            return self._example(str(row[ID]))
        if one.id == "split-shift":
            place = f"#column-{slugify(str(row['column']))}"
            return self._compare + address_of(splits_of(one)) + place
        query = behind(one, row, self.columns)
        return "" if query is None else self._own + address(query, self.columns)

    def _example(self, name: str) -> str:
        split, _, rest = name.partition(": ")
        if name not in self._splits and self._splits.get(rest) is not None:
            return self._item + address_of_item(split, rest)
        found = self._splits.get(name)
        return self._item + address_of_item(found, name) if found is not None else ""


def address_of(splits: tuple[str, ...]) -> str:
    return f"?{urlencode(dict(zip(('left', 'right'), splits, strict=True)))}"


def address_of_item(split: str, name: str) -> str:
    return f"?{urlencode({'split': split, 'id': name})}"


def splits_of(one: Statistic) -> tuple[str, ...]:
    """The splits that a statistic compares."""
    if one.id == "two-sample-test" and one.table.height == 1:
        return one.table["first"][0], one.table["second"][0]
    if one.id == "split-shift":
        first, _, second = one.title.removeprefix("From ").partition(" to ")
        return first, second
    return ()


def _shown(one: Statistic, number: int, known: Addresses) -> Shown:
    rows = one.table.head(MOST_ROWS).rows(named=True)
    numeric = [dtype.is_numeric() for dtype in one.table.dtypes]
    lines = tuple(
        Line(_cells(map(cell_text, row.values()), numeric), known.of(one, row)) for row in rows
    )
    drawn = _draw(one, number, lines) if one.chart is not None and one.table.height else ("", "")
    return Shown(
        id=one.id,
        number=number,
        title=one.title,
        note=one.note,
        formula=FORMULAS.get(one.id, ""),
        query=one.query,
        columns=_cells((name.replace("_", " ") for name in one.table.columns), numeric),
        rows=one.table.height,
        lines=lines,
        alarms=one.alarms,
        splits=splits_of(one),
        wide=drawn[0],
        narrow=drawn[1],
        caption=cut_off(one),
    )


def _cells(texts: Iterable[str], numeric: list[bool]) -> tuple[Cell, ...]:
    return tuple(map(Cell, texts, numeric))


def _draw(one: Statistic, number: int, lines: tuple[Line, ...]) -> tuple[str, str]:
    links = [
        drawing.Link(line.address, words)
        for line, words in zip(lines, _words(one, len(lines)), strict=True)
    ]
    build = chart_of(one, linked=True)
    wide, narrow = (
        drawing.svg(
            build(width),
            title=one.title,
            description=one.note,
            name=f"statistic-{number}-{kind}",
            links=links,
        )
        for kind, width in (("wide", drawing.WIDE), ("narrow", drawing.NARROW))
    )
    return wide, narrow


def _words(one: Statistic, rows: int) -> Iterator[str]:
    """What a bar or a cell says of itself."""
    chart, table = one.chart, one.table.head(rows)
    if isinstance(chart, Bars):
        for name, value in table.select(chart.name, chart.value).iter_rows():
            yield f"{cell_text(name)}: {cell_text(value)} ({chart.title.lower()})"
    elif isinstance(chart, Grid):
        for row, column, value in table.select(chart.row, chart.column, chart.value).iter_rows():
            yield f"{chart.row} {row}, {chart.column} {column}: {cell_text(value)}"


@lru_cache(maxsize=16)
def read(folder: Path) -> Counted:
    """What a worker wrote; a folder's content never changes."""
    return decode((folder / FILE).read_bytes(), Counted)
