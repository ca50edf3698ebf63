"""Which columns of a table are worth comparing across splits."""

from __future__ import annotations

from collections.abc import Container, Sequence

import polars as pl

_SENTENCE = 20
# What usually tells that two examples are of one origin.
GROUPS = (
    *("photographer", "author", "credit", "household", "family", "patient", "subject", "speaker"),
    *("sequence", "video", "scene", "camera_serial", "serial", "site"),
)
MOST_COMMON = 0.5  # A group that half of all examples share says nothing.


def sentences(table: pl.DataFrame, *, but: Container[str | None]) -> list[str]:
    """Return the columns of texts that are long enough to be compared."""
    texts = (cells for cells in table if cells.dtype == pl.String and cells.name not in but)
    return [cells.name for cells in texts if _typical_length(cells) >= _SENTENCE]


def _typical_length(cells: pl.Series) -> float:
    length = cells.str.len_chars().median()
    return float(length) if isinstance(length, int | float) else 0.0


def usual_groups(tables: Sequence[pl.DataFrame]) -> list[str]:
    """Return the columns whose names say that their values should not stand on both sides."""
    found = dict.fromkeys(name for table in tables for name in table.columns)
    return [name for name in found if name.lower() in GROUPS and not _is_common(tables, name)]


def _is_common(tables: Sequence[pl.DataFrame], name: str) -> bool:
    cells = [table[name].cast(pl.String) for table in tables if name in table.columns]
    values = pl.concat(cells).drop_nulls()
    if values.is_empty():
        return True
    most = int(values.value_counts(name="n")["n"].to_numpy().max())
    return most > MOST_COMMON * len(values)
