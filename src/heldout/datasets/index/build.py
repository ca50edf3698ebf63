"""Builds an index from a view: whole or not at all, and never changed afterwards."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import msgspec
import polars as pl

from heldout.datasets.annotations.dataset import Category
from heldout.datasets.atomic import sync, sync_tree
from heldout.datasets.index.columns import SPLIT, Column
from heldout.datasets.index.describe import describe, write_arrays
from heldout.datasets.index.marks import OBJECTS, encode, marks_of, told
from heldout.datasets.index.sidecar import Sidecar
from heldout.datasets.index.views import Part, View
from heldout.datasets.index.words import write_words
from heldout.datasets.kinds import native_kind
from heldout.datasets.profile.rights import blank_fields
from heldout.datasets.table import ID, MEDIA

# Raised whenever an index of an earlier version cannot be read any more.
VERSION = 2
FILE = "index.sqlite3"
# The fields of consent, licence and provenance that an example leaves blank.
NOT_GIVEN = "not given"
# A cell is searched and shown up to here; the download has all of it.
LONGEST_CELL = 20_000

_PAGES_IN_MEMORY = -128 * 1024
_AT_ONCE = 50_000


class Summary(msgspec.Struct, frozen=True):
    """What an index says of itself."""

    version: int
    role: str
    rows: int
    splits: dict[str, int]
    columns: tuple[Column, ...]
    categories: tuple[Category, ...] = ()


def build_index(view: View, target: Path) -> Summary:
    """Build the index of a view in a new folder.

    Args:
        view: What its readers may see.
        target: The folder; it appears when it is complete and on the disk.

    Raises:
        FileExistsError: The folder is there already.
    """
    if target.exists():
        raise FileExistsError(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        summary = _build(view, part)
        sync_tree(part)
        part.replace(target)
        sync(target.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return summary


def _build(view: View, folder: Path) -> Summary:
    frame = one_frame(view.parts)
    sidecar = Sidecar(folder)
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as database:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "temp_store = MEMORY"):
            database.execute(f"PRAGMA {pragma}")
        database.execute(f"PRAGMA cache_size = {_PAGES_IN_MEMORY}")
        database.execute("BEGIN")
        columns = describe(frame)
        _write_rows(database, frame, columns)
        columns = write_arrays(frame, columns, sidecar, database)
        _write_marks(database, view.parts)
        if any(one.searchable for one in columns):
            _write_words(database, columns)
            write_words(database, [one for one in columns if one.searchable], len(frame), sidecar)
        splits = {part.split: part.frame.height for part in view.parts}
        summary = Summary(VERSION, view.role.word, frame.height, splits, columns, view.categories)
        database.execute("CREATE TABLE meta (content BLOB)")
        database.execute("INSERT INTO meta VALUES (?)", [msgspec.json.encode(summary)])
        database.execute("COMMIT")
    return summary


def one_frame(parts: tuple[Part, ...]) -> pl.DataFrame:
    """Return all splits as one frame, with a column that names the split and what shapes tell."""
    frames = [_told(part) for part in parts]
    if not frames:
        return pl.DataFrame(schema={SPLIT: pl.String, ID: pl.String})
    try:
        return pl.concat(frames, how="diagonal_relaxed", rechunk=True)
    except (pl.exceptions.SchemaError, pl.exceptions.InvalidOperationError):
        # Splits that disagree about a column's type agree on its text.
        flat = [one.select(pl.exclude(ID).cast(pl.String, strict=False), ID) for one in frames]
        return pl.concat(flat, how="diagonal", rechunk=True)


def _told(part: Part) -> pl.DataFrame:
    frame = part.frame.select(_readable(part.frame[name]) for name in part.frame.columns)
    frame = frame.rename({SPLIT: f"{SPLIT} (column)"} if SPLIT in frame.columns else {})
    frame = frame.with_columns(pl.col(ID).cast(pl.String))
    if len(part.annotations):
        more = told(part.annotations, frame).rename(
            lambda name: name if name == ID else _free(name, frame)
        )
        frame = frame.join(more, on=ID, how="left", maintain_order="left")
        if OBJECTS in more.columns:
            frame = frame.with_columns(pl.col(OBJECTS).fill_null(0))
    blank = blank_fields(frame)
    if NOT_GIVEN not in frame.columns and (blank.list.len() > 0).any():
        frame = frame.with_columns(blank.alias(NOT_GIVEN))
    return frame.select(pl.lit(part.split).alias(SPLIT), ID, pl.exclude(SPLIT, ID))


def _readable(cells: pl.Series) -> pl.Series:
    """A column of a type no table of examples has is told as text."""
    if native_kind(cells.dtype) is not None and not isinstance(cells.dtype, pl.Null):
        return cells
    texts = [None if one is None else str(one) for one in cells]
    return pl.Series(cells.name, texts, dtype=pl.String)


def _free(name: str, frame: pl.DataFrame) -> str:
    return f"{name} (annotated)" if name in frame.columns else name


def _write_rows(
    database: sqlite3.Connection, frame: pl.DataFrame, columns: tuple[Column, ...]
) -> None:
    types = {"integer": "INTEGER", "number": "REAL", "boolean": "INTEGER"}
    fields = ", ".join(f"{one.field} {types.get(one.kind, 'TEXT')}" for one in columns)
    database.execute(f"CREATE TABLE item (row INTEGER PRIMARY KEY, {fields})")
    marks = ", ".join("?" * (len(columns) + 1))
    cells = frame.select(_stored(frame[one.name], one) for one in columns)
    # SQLite's own row numbers begin at 1.
    numbered = cells.with_row_index("row", offset=1)
    for block in numbered.iter_slices(_AT_ONCE):
        database.executemany(f"INSERT INTO item VALUES ({marks})", block.iter_rows())  # noqa: S608
    names = {one.name: one.field for one in columns}
    database.execute(f"CREATE INDEX item_id ON item ({names[ID]})")
    if MEDIA in names:
        database.execute(f"CREATE INDEX item_media ON item ({names[MEDIA]})")


def _stored(cells: pl.Series, column: Column) -> pl.Series:
    if column.is_list:
        texts = [None if one is None else _json(one) for one in cells.to_list()]
        return pl.Series(column.name, texts, dtype=pl.String)
    if isinstance(cells.dtype, pl.Boolean):
        return cells.cast(pl.Int64)
    if column.kind in ("date", "time", "text"):
        return cells.cast(pl.String).str.slice(0, LONGEST_CELL)
    return cells


def _json(values: list[object]) -> str:
    return msgspec.json.encode(values).decode()[:LONGEST_CELL]


def _write_marks(database: sqlite3.Connection, parts: tuple[Part, ...]) -> None:
    database.execute("CREATE TABLE mark (row INTEGER PRIMARY KEY, content BLOB)")
    start = 1
    for part in parts:
        ids = part.frame[ID].cast(pl.String)
        rows = dict(zip(ids, range(start, start + len(ids)), strict=True))
        known = ((one, marks) for one, marks in marks_of(part.annotations) if one in rows)
        content = ((rows[one], encode(marks)) for one, marks in known)
        database.executemany("INSERT OR IGNORE INTO mark VALUES (?, ?)", content)
        start += len(ids)


def _write_words(database: sqlite3.Connection, columns: tuple[Column, ...]) -> None:
    """The full text keeps no second copy of the cells."""
    fields = ", ".join(one.field for one in columns if one.searchable)
    database.execute(
        f"CREATE VIRTUAL TABLE words USING fts5({fields}, content='item', content_rowid='row', "
        "tokenize='unicode61 remove_diacritics 2')"
    )
    database.execute("INSERT INTO words(words) VALUES ('rebuild')")
    database.execute("INSERT INTO words(words) VALUES ('optimize')")
