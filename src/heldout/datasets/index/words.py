"""Frequent words as bitmaps.

The full text finds a rare word in no time; one that half of all rows have costs it a fifth of a second
per million rows, because every row number is written out. Of such words a bitmap is kept: one bit per
row, read in one operation.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence

import numpy as np

from heldout.datasets.index.columns import Column
from heldout.datasets.index.sidecar import Mask, Sidecar

# A word is frequent if at least one row in so many has it.
ONE_IN = 128
FEWEST_ROWS = 20_000
MOST_BITMAPS = 1024

# Of plain words our folding is certainly the tokenizer's.
_PLAIN = re.compile(r"[a-z0-9]+")


def plain_word(text: str) -> str:
    """Return the word as the full text knows it, or nothing if only the tokenizer can tell."""
    folded = text.lower()
    return folded if _PLAIN.fullmatch(folded) else ""


def rows_with(database: sqlite3.Connection, match: str, size: int) -> Mask:
    """Return which of `size` rows match an expression of the full text."""
    # As one text: a third of the time of a Python object per row.
    query = "SELECT group_concat(rowid) FROM words WHERE words MATCH ?"
    (found,) = database.execute(query, [match]).fetchone()
    mask = np.zeros(size, dtype=np.bool_)
    if found:
        mask[np.fromstring(found, dtype=np.int64, sep=",") - 1] = True
    return mask


def write_words(
    database: sqlite3.Connection, columns: Sequence[Column], size: int, sidecar: Sidecar
) -> None:
    """Write the bitmaps of all frequent words, in one column and in any."""
    database.execute("CREATE TABLE frequent (word TEXT, field TEXT, place INTEGER)")
    if size < FEWEST_ROWS:
        return
    frequent = _frequent(database, size, [one.field for one in columns])
    bitmaps = np.zeros((len(frequent), (size + 7) // 8), dtype=np.uint8)
    for place, (word, field) in enumerate(frequent):
        scope = f"{{{field}}} : " if field else ""
        bitmaps[place] = np.packbits(rows_with(database, f'{scope}"{word}"', size))
    sidecar.write("words", bitmaps)
    database.executemany(
        "INSERT INTO frequent VALUES (?, ?, ?)",
        [(word, field, place) for place, (word, field) in enumerate(frequent)],
    )


def _frequent(
    database: sqlite3.Connection, size: int, fields: Sequence[str]
) -> list[tuple[str, str]]:
    least = size // ONE_IN
    found: list[tuple[int, str, str]] = []
    for kind, field in (("row", "''"), ("col", "col")):
        database.execute(
            f"CREATE VIRTUAL TABLE temp.told USING fts5vocab('main', 'words', '{kind}')"
        )
        query = f"SELECT doc, term, {field} FROM temp.told WHERE doc >= ?"  # noqa: S608 - two fixed words
        found += database.execute(query, [least]).fetchall()
        database.execute("DROP TABLE temp.told")
    found = [one for one in found if plain_word(one[1]) == one[1]]
    if len(fields) == 1:
        found = [one for one in found if not one[2]]
    return [(word, field) for _, word, field in sorted(found, reverse=True)[:MOST_BITMAPS]]
