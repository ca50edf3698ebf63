"""Values as a spreadsheet may have them: none is taken for a formula, whoever wrote it."""

from __future__ import annotations

import polars as pl

from heldout.datasets.leaks.listing import FORMULA


def cell(value: object) -> object:
    """The value for a CSV file: a text that looks like a formula gets a quote before it."""
    if isinstance(value, str) and value.startswith(FORMULA) and not _is_number(value):
        return f"'{value}"
    return "" if value is None else value


def frame(table: pl.DataFrame) -> pl.DataFrame:
    """The same for a whole table, its column names included."""
    texts = table.select(pl.col(pl.String)).columns
    quoted = [pl.col(name).map_elements(cell, return_dtype=pl.String) for name in texts]
    return table.with_columns(quoted).rename(lambda name: str(cell(name)))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and text == text.strip()
