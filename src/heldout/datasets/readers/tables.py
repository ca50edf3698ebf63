"""Reads tables of examples: CSV, JSON Lines and Parquet."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import polars as pl

from heldout.datasets.kinds import native_kind
from heldout.datasets.readers.mixed import settle
from heldout.datasets.readers.reader import RawTable, Reader
from heldout.datasets.tables import FORMATS, Format, Table
from heldout.errors import Problems


def _read(form: Format, path: Path, problems: Problems) -> RawTable | None:
    found = Problems()
    table = form.read(path, found)
    for problem in found:
        named = problem.place == path.name
        place = path.name if named else f"{path.name} {problem.place}"
        problems.add(place, problem.message, problem.remedy)
    problems.unlisted += found.unlisted
    if table is None:
        return None
    columns = {name: _column(table, name, problems) for name in table.frame.columns}
    return RawTable(
        columns={name: cells for name, cells in columns.items() if cells is not None},
        place=lambda row: f"{table.name} {table.place(row)}",
        root=path.parent,
        untyped=frozenset(columns) if table.untyped else frozenset(),
    )


def _column(table: Table, name: str, problems: Problems) -> pl.Series | None:
    if name in table.mixed:
        return settle(table, name, problems)
    cells = table.frame[name]
    if native_kind(cells.dtype) is None:
        problems.add(
            f'{table.name}, column "{name}"',
            f"has the type {cells.dtype}, which a table of examples cannot hold",
            "use text, numbers, booleans, dates, times or lists of text or numbers",
        )
        return None
    return cells


READERS = tuple(
    Reader(id=form.id, title=form.title, suffixes=form.suffixes, read=partial(_read, form))
    for form in FORMATS
)
