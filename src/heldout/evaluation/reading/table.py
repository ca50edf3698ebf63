"""CSV, JSON Lines and Parquet files as one table, whose rows know their place in the file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from heldout.errors import BadInput, Problem
from heldout.evaluation.reading.csv_table import read_csv
from heldout.evaluation.reading.faults import Faults
from heldout.evaluation.reading.json_lines import read_json_lines


@dataclass(frozen=True, eq=False)
class Table:
    """A file's rows.

    Attributes:
        name: Of the file.
        frame: Text columns only, if the file is CSV.
        place: Names a row, counted from 0: `line 812`, `row 811`.
        empty_is_null: An empty field and no value are the same thing, as in CSV.
    """

    name: str
    frame: pl.DataFrame
    place: Callable[[int], str]
    empty_is_null: bool

    def faults(self) -> Faults:
        """Start collecting what is wrong with this table."""
        return Faults(self.name, self.place)


def read_table(path: Path) -> Table:
    """Read a table by the ending of its name.

    Raises:
        BadInput: The file is absent, empty, of an unknown kind or damaged; with places.
    """
    suffix = path.suffix.lower()
    if suffix not in READERS:
        kinds = "CSV (.csv), JSON Lines (.jsonl) or Parquet (.parquet)"
        raise BadInput([Problem(path.name, "the ending of the name is not known", f"give {kinds}")])
    if not path.is_file():
        raise BadInput([Problem(path.name, "there is no such file")])
    if path.stat().st_size == 0:
        raise BadInput([Problem(path.name, "the file is empty")])
    table = READERS[suffix](path)
    if table.frame.is_empty():
        raise BadInput([Problem(path.name, "the file has no rows")])
    return table


def _csv(path: Path) -> Table:
    frame, place = read_csv(path)
    return Table(path.name, frame, place, empty_is_null=True)


def _json_lines(path: Path) -> Table:
    frame, place = read_json_lines(path)
    return Table(path.name, frame, place, empty_is_null=False)


def _parquet(path: Path) -> Table:
    try:
        frame = pl.read_parquet(path, glob=False)
    except (pl.exceptions.PolarsError, OSError, pl.exceptions.PanicException) as error:
        message = "not a readable Parquet file; it may be cut short"
        raise BadInput([Problem(path.name, message, "write and upload it again")]) from error
    return Table(path.name, frame, lambda row: f"row {row + 1}", empty_is_null=False)


READERS: dict[str, Callable[[Path], Table]] = {
    ".csv": _csv,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".parquet": _parquet,
}
