"""Faults of a table, collected column by column and told in the order of its rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from heldout.datasets.tables import Table
from heldout.errors import BadInput, Problem
from heldout.evaluation.data import AnyArray

LIMIT = 100
LONGEST = 60  # Characters of a text that a message repeats.


def quoted(text: str) -> str:
    """Return a text of the person's in quotation marks, on one line and not too long."""
    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return '"' + "".join(one if one.isprintable() else ascii(one)[1:-1] for one in shown) + '"'


@dataclass
class Faults:
    """What is wrong with one table.

    Attributes:
        name: Of the file, as the person knows it.
        place: Names a row, counted from 0, as the person would look for it.
    """

    name: str
    place: Callable[[int], str]
    _found: list[tuple[int, Problem]] = field(default_factory=list)
    _unlisted: int = 0

    @classmethod
    def of(cls, table: Table) -> Faults:
        """Start collecting what is wrong with a table."""
        return cls(table.name, table.place)

    def file(self, message: str, remedy: str) -> None:
        """Add a fault of the file as a whole."""
        self._found.append((-1, Problem(self.name, message, remedy)))

    def at(self, rows: AnyArray, describe: Callable[[int], tuple[str, str]]) -> None:
        """Add a fault for each row; `describe` gives its message and remedy."""
        self.each(rows, lambda position: describe(int(rows[position])))

    def each(self, rows: AnyArray, describe: Callable[[int], tuple[str, str]]) -> None:
        """Add a fault for each entry of `rows`, described by its position there."""
        for position, row in enumerate(map(int, rows[:LIMIT])):
            self._found.append((row, Problem(self.place(row), *describe(position))))
        self._unlisted += max(0, len(rows) - LIMIT)

    def refuse_if_any(self) -> None:
        """Raise `BadInput` with everything found, in the order of the rows."""
        if self._found:
            ordered = [problem for _, problem in sorted(self._found, key=lambda pair: pair[0])]
            rest = self._unlisted + max(0, len(ordered) - LIMIT)
            raise BadInput(ordered[:LIMIT], unlisted=rest)
