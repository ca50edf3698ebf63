"""How commands speak: results on stdout, everything meant for eyes on stderr."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from heldout.errors import BadInput, Problem

WIDE = 500  # A file or a pipe has no width; lines are better long than folded.
console = Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(result: Any) -> None:
    """Print one JSON document on stdout; bytes are JSON already. NaN and infinity become null."""
    plain = result if isinstance(result, bytes) else msgspec.json.encode(result)
    encoded = msgspec.json.format(plain, indent=2)
    sys.stdout.write(encoded.decode() + "\n")


def say(message: str) -> None:
    """Tell the person something, on stderr, literally."""
    console.print(message, markup=False)


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = ""
) -> None:
    """Print a table on stdout; numbers stand to the right."""
    listed = [list(row) for row in rows]
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    for index, column in enumerate(columns):
        numeric = any(isinstance(row[index], int | float) for row in listed)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    places = [_places(row[index] for row in listed) for index in range(len(columns))]
    for row in listed:
        table.add_row(*(show_cell(cell, shown) for cell, shown in zip(row, places, strict=True)))
    stdout = Console(highlight=False, markup=False)
    if not stdout.is_terminal:
        stdout.width = WIDE
    stdout.print(table)


def _places(column: Iterable[object]) -> int:
    """Decimals of a column: as few as its largest number can do with, alike in every row."""
    sizes = (abs(cell) for cell in column if isinstance(cell, float) and math.isfinite(cell))
    largest = max(sizes, default=0.0)
    return 4 if largest < 10 else 2 if largest < 1000 else 1


def show_cell(cell: object, places: int = 4) -> str:
    """A number with so many decimals, nothing as a dash."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return "-" if math.isnan(cell) else f"{cell:,.{places}f}"
    return "-" if cell is None else str(cell)


def progress() -> Progress:
    """A progress bar on stderr; silent where stderr is no terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


@contextmanager
def following(work: str) -> Iterator[None]:
    """Show that work goes on, and a bar for each stage of it that goes through many files."""
    from heldout.datasets.stages import listening

    with progress() as bar:
        task = bar.add_task(work, total=None)

        def show(stage: str, done: int, total: int) -> None:
            bar.update(task, description=stage, completed=done, total=total)

        with listening(show):
            yield


def problems_of(error: Exception) -> list[Problem]:
    """Every problem an error carries."""
    if isinstance(error, BadInput):
        return list(error.problems)
    if isinstance(error, OSError) and error.filename is not None:
        return [Problem(str(error.filename), (error.strerror or "cannot be read").lower())]
    return [Problem("", str(error))]


def print_refusal(error: Exception, *, as_json: bool) -> None:
    """List all problems on stderr, and as JSON on stdout where JSON was asked for."""
    problems = problems_of(error)
    for problem in problems:
        say(str(problem))
    unlisted = getattr(error, "unlisted", 0)
    if unlisted:
        say(f"and {unlisted:,} more problems like these")
    if as_json:
        print_json({"problems": problems, **({"unlisted": unlisted} if unlisted else {})})
