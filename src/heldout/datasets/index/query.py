"""What a reader of an index may ask, and how typed text becomes terms without ever being an error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

# What is typed into one search box; more is cut off.
LONGEST_TEXT = 400
MOST_TERMS = 24
# A shorter beginning would match half of all words.
SHORTEST_PREFIX = 2

_TERM = re.compile(r'(?P<no>-)?(?:(?P<field>[^\s":]+):)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')
_LETTERS = re.compile(r"[^\W_]")


class Term(NamedTuple):
    """One word or phrase somebody looks for.

    Attributes:
        text: The word, or several words that must stand one after the other.
        column: Where to look; empty: in every column.
        prefix: Words that begin so count too.
        excluded: Rows with it are left out.
    """

    text: str
    column: str = ""
    prefix: bool = False
    excluded: bool = False


class Range(NamedTuple):
    """Numbers from `low` to `high`, both included; None is no bound."""

    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """Which rows, in which order.

    Attributes:
        text: What was typed; see `parse_text`.
        chosen: For a column, the values of which a row must have one; the empty text is a missing value.
        ranges: For a numeric column, its bounds.
        every: Pairs of a column and a value that a row must have too: of a column with several values
            in a row, all of these.
        sort: A column to sort by, `-column` for descending; empty: the order of the data set.
    """

    text: str = ""
    chosen: tuple[tuple[str, tuple[str, ...]], ...] = ()
    ranges: tuple[tuple[str, Range], ...] = ()
    sort: str = ""
    every: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(
        cls,
        text: str = "",
        chosen: Mapping[str, Iterable[str]] | None = None,
        ranges: Mapping[str, Range] | None = None,
        sort: str = "",
        every: Iterable[tuple[str, str]] = (),
    ) -> Query:
        """Make a query from plain mappings."""
        values = tuple((name, tuple(some)) for name, some in (chosen or {}).items())
        return cls(text, values, tuple((ranges or {}).items()), sort, tuple(every))

    def having(
        self,
        *,
        chosen: Mapping[str, Iterable[str]] | None = None,
        ranges: Mapping[str, Range] | None = None,
    ) -> Query:
        """Return the query with these values and bounds in place of its own, where they are given."""
        found = Query.of(chosen=chosen, ranges=ranges)
        return replace(
            self,
            chosen=self.chosen if chosen is None else found.chosen,
            ranges=self.ranges if ranges is None else found.ranges,
        )

    def without(self, column: str) -> Query:
        """Return the query without its filters on a column: what the column's own facet counts."""
        return replace(
            self,
            chosen=tuple(one for one in self.chosen if one[0] != column),
            ranges=tuple(one for one in self.ranges if one[0] != column),
        )

    def narrowed(self, column: str, value: str) -> Query:
        """Return the query for one value of a column."""
        rest = self.without(column)
        return replace(rest, chosen=(*rest.chosen, (column, (value,))))

    @property
    def is_everything(self) -> bool:
        """Whether all rows match."""
        return not (self.text.strip() or self.chosen or self.ranges or self.every)


@dataclass(frozen=True, slots=True)
class Hit:
    """One row of a page.

    Attributes:
        row: Its number in the index, from 0, in the order of the data set.
        split: The split it belongs to.
        id: Its example id, unique in its split.
        cells: Its other columns.
    """

    row: int
    split: str
    id: str
    cells: Mapping[str, object] = field(default_factory=dict)


def parse_text(text: str, columns: Iterable[str]) -> list[Term]:
    """Read what somebody typed: `red "traffic light" caption:bus* -night`.

    Words are all wanted; quotes make a phrase, `column:` looks in one column, a final `*` takes every
    word that begins so, a leading `-` excludes. Whatever else is typed is text to look for: there is
    no wrong syntax. Parts without a letter or digit are left out.
    """
    names = {name.casefold(): name for name in columns}
    terms = []
    for found in _TERM.finditer(text[:LONGEST_TEXT].replace("\0", " ")):
        column, words = _in_column(found, names)
        prefix = found["phrase"] is None and words.endswith("*")
        words = words.strip("*") if prefix else words
        if _LETTERS.search(words):
            long_enough = len(words) >= SHORTEST_PREFIX
            terms.append(Term(words, column, prefix and long_enough, bool(found["no"])))
    return terms[:MOST_TERMS]


def _in_column(found: re.Match[str], names: Mapping[str, str]) -> tuple[str, str]:
    """Return column and words; `12:30` and addresses are words, because they name no column."""
    words = found["word"] if found["phrase"] is None else found["phrase"]
    column = names.get((found["field"] or "").casefold(), "")
    if found["field"] and not column:
        words = f"{found['field']}:{words}"
    return column, words
