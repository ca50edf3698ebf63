"""Frequent words, and frequent beginnings of words, as bitmaps.

The full text finds a rare word in no time; one that half of all rows have costs it a fifth of a second
per million rows, because every row number is written out. Of such words a bitmap is kept: one bit per
row, read in one operation. An index of prefixes inside the full text would not help: finding the words
is not what takes long.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence

import numpy as np

from heldout.datasets.index.columns import Column
from heldout.datasets.index.query import SHORTEST_PREFIX
from heldout.datasets.index.sidecar import Mask, Sidecar

# A word is frequent if at least one row in so many has it.
ONE_IN = 128
FEWEST_ROWS = 20_000
MOST_BITMAPS = 1024
# Of beginnings: these are many, and building one takes as long as searching for it.
ONE_IN_OF_BEGINNINGS = 64
LONGEST_BEGINNING = 8
MOST_BEGINNINGS = 256

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
    """Write the bitmaps of all frequent words, in one column and in any, and of their beginnings."""
    database.execute("CREATE TABLE frequent (word TEXT, field TEXT, place INTEGER)")
    if size < FEWEST_ROWS:
        return
    frequent = _frequent(database, size, [one.field for one in columns])
    names = [[one] for one in frequent]
    matches = [f"{f'{{{field}}} : ' if field else ''}{quoted(word)}" for word, field in frequent]
    for beginnings in _beginnings(database, size):
        names.append([(f"{one}*", "") for one in beginnings])
        matches.append(f"{quoted(beginnings[0])} *")
    bitmaps = np.zeros((len(matches), (size + 7) // 8), dtype=np.uint8)
    for place, match in enumerate(matches):
        bitmaps[place] = np.packbits(rows_with(database, match, size))
    sidecar.write("words", bitmaps)
    rows = [(*name, place) for place, same in enumerate(names) for name in same]
    database.executemany("INSERT INTO frequent VALUES (?, ?, ?)", rows)


def quoted(text: str) -> str:
    """Return text as the full text takes it, so that none of it is syntax."""
    return '"{}"'.format(text.replace('"', '""'))


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


def _beginnings(database: sqlite3.Connection, size: int) -> list[list[str]]:
    """Return the most frequent beginnings of words; those of the same words stand together."""
    database.execute("CREATE VIRTUAL TABLE temp.told USING fts5vocab('main', 'words', 'row')")
    found = sorted(database.execute("SELECT term, doc FROM temp.told").fetchall())
    database.execute("DROP TABLE temp.told")
    together: dict[tuple[int, int], list[str]] = {}
    for beginning, first, last in _spans([word for word, _ in found]):
        together.setdefault((first, last), []).append(beginning)
    so_far = np.concatenate([[0], np.cumsum([rows for _, rows in found], dtype=np.int64)])
    # A row with two of the words counts twice: at worst a bitmap too many.
    weighed = [
        (int(so_far[last] - so_far[first]), same) for (first, last), same in together.items()
    ]
    frequent = [one for one in weighed if one[0] >= size // ONE_IN_OF_BEGINNINGS]
    return [same for _, same in sorted(frequent, reverse=True)[:MOST_BEGINNINGS]]


def _spans(words: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """Yield every plain beginning of a sorted list of words and the places from and up to which it is theirs."""
    for length in range(SHORTEST_PREFIX, LONGEST_BEGINNING + 1):
        cut = np.array([word[:length] for word in words], dtype=f"U{length}")
        starts = np.flatnonzero(np.append(True, cut[1:] != cut[:-1]))[: len(cut)]
        ends = np.append(starts[1:], len(cut))
        for beginning, first, last in zip(cut[starts], starts, ends, strict=True):
            if len(beginning) == length and plain_word(str(beginning)):
                yield str(beginning), int(first), int(last)
