"""CSV, JSON Lines and Parquet files as raw tables: what the file says, before anybody asks for more.

A sound file is read by compiled code. A file that is not, or not surely, is read again with care, so
that every fault is named with its place and whatever is sound can be checked further.
"""

from __future__ import annotations

from heldout.datasets.tables import csv, json_lines, parquet
from heldout.datasets.tables.table import Format, Table

__all__ = ["FORMATS", "Format", "Table", "format_of"]

FORMATS = (csv.FORMAT, json_lines.FORMAT, parquet.FORMAT)


def format_of(suffix: str) -> Format | None:
    """Return the format of files that end so, if there is one."""
    return next((one for one in FORMATS if suffix.lower() in one.suffixes), None)
