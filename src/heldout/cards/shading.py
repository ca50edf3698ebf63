"""Which cell of a table is how dark, and what is written in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from heldout.cards import wording
from heldout.cards.charts.matrices import Square
from heldout.evaluation.confusion import Confusion
from heldout.evaluation.subgroups import SubgroupScore

MISSING = "(missing)"
MOST_WRITTEN = 12  # With more classes the numbers do not fit their cells.
MOST_COLUMNS = 12
_FAINT = 0.15  # The palest shade of a cell that has a value.


class Shaded(NamedTuple):
    """A table of cells.

    Attributes:
        squares: The cells.
        rows: Names of the rows, in order.
        columns: Names of the columns, in order.
    """

    squares: list[Square]
    rows: list[str]
    columns: list[str]


def confusion_squares(confusion: Confusion) -> Shaded:
    """Shade each cell by its share of the row; empty cells are left out."""
    totals: dict[str, int] = {}
    for cell in confusion.cells:
        totals[cell.reference] = totals.get(cell.reference, 0) + cell.n
    written = len(confusion.classes) <= MOST_WRITTEN
    squares = [
        Square(
            cell.reference,
            cell.prediction or MISSING,
            cell.n / totals[cell.reference],
            (f"{cell.n:,}",) if written else (),
        )
        for cell in confusion.cells
    ]
    columns = list(confusion.classes)
    if any(cell.prediction is None for cell in confusion.cells):
        columns.append(MISSING)
    return Shaded(squares, list(confusion.classes), columns)


def intersection_squares(
    rows: Sequence[SubgroupScore],
    *,
    write: Callable[[float | None], str],
    interval: Callable[[float | None, float | None], str] = wording.interval,
) -> Shaded | None:
    """Arrange the groups of an intersection as a table: the first column down, the others across.

    Each cell says the score, its interval and n. None where it would have too many columns, or no
    score is known.
    """
    names = [list(row.subgroup.values()) for row in rows]
    down = list(dict.fromkeys(name[0] for name in names))
    across = sorted(dict.fromkeys(" · ".join(name[1:]) for name in names))
    known = [row.value for row in rows if row.value is not None]
    if not known or len(across) > MOST_COLUMNS:
        return None
    low, span = min(known), (max(known) - min(known)) or 1.0
    squares = [
        Square(
            name[0],
            " · ".join(name[1:]),
            0.0 if row.value is None else _FAINT + (1 - _FAINT) * (row.value - low) / span,
            _lines(row, write, interval(row.low, row.high)),
        )
        for name, row in zip(names, rows, strict=True)
    ]
    return Shaded(squares, down, across)


def _lines(row: SubgroupScore, write: Callable[[float | None], str], ends: str) -> tuple[str, ...]:
    if row.value is None:
        return ("–",)
    return (write(row.value), *((ends,) if ends else ()), f"n {row.n:,}")
