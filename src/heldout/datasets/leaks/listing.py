"""Reads the list of leaks that `heldout leaks --out` writes, or that the site gives away."""

from __future__ import annotations

import csv
from pathlib import Path

from heldout.datasets.leaks.finding import Tier
from heldout.errors import BadInput, Problem

COLUMNS = ("split", "example_id", "other_split", "other_id", "how")
VERDICT = "verdict"
CONFIRMED = "leak"
# What spreadsheets take for the beginning of a formula, full-width letters included.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def read_leaked(path: Path, *, split: str | None = None) -> frozenset[str]:
    """Return the ids of the examples that leaked.

    Where the list has a column `verdict`, as the site's has, those pairs count that a person called a
    `leak`; else all pairs but those that were found by their group alone.

    Args:
        path: CSV with the columns `split, example_id, other_split, other_id, how`.
        split: Whose examples; None takes the first of each pair, which is the one asked about.

    Raises:
        BadInput: The file cannot be read or lacks a column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows, columns = list(reader), reader.fieldnames or ()
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput([Problem(path.name, f"cannot be read: {error}")]) from error
    remedy = "make it with `heldout leaks CHALLENGE --out leaks.csv`"
    missing = [
        Problem(path.name, f'has no column "{one}"', remedy)
        for one in COLUMNS
        if one not in columns
    ]
    if missing:
        raise BadInput(missing)
    return frozenset(
        _unquoted(row[name])
        for row in rows
        if _counts(row)
        for side, name in (("split", "example_id"), ("other_split", "other_id"))
        if (row[side] == split if split is not None else side == "split")
    )


def _unquoted(id: str) -> str:
    """The site puts a quote before what a spreadsheet would take for a formula."""
    return id[1:] if id[:1] == "'" and id[1:].startswith(FORMULA) else id


def _counts(row: dict[str, str]) -> bool:
    if VERDICT in row:
        return row[VERDICT] == CONFIRMED
    return row["how"] != Tier.GROUP
