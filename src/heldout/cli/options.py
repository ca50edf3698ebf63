"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeVar

import typer

from heldout.errors import BadInput, Problem

T = TypeVar("T")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
ChallengeFolder = Annotated[Path, typer.Argument(metavar="CHALLENGE", help="A challenge folder.")]
Task = Annotated[str | None, typer.Option(help="Without a challenge: the task.")]
References = Annotated[Path | None, typer.Option(help="Without a challenge: the answers.")]
Classes = Annotated[str | None, typer.Option(help="The declared classes, separated by commas.")]
PhaseId = Annotated[
    str | None, typer.Option(help="A phase of the challenge; not needed if it has one.")
]
MissingRule = Annotated[
    str, typer.Option(help="What to do about a missing example: refuse, or count it as wrong.")
]
IdColumn = Annotated[str, typer.Option(help="The column of example ids.")]
Seed = Annotated[int, typer.Option(min=0, help="Of everything random.")]
Site = Annotated[Path | None, typer.Option(help="A site's data folder on this machine.")]
Url = Annotated[
    str | None,
    typer.Option(
        envvar="HELDOUT_URL", help="A site's address; the one of `heldout login` if left out."
    ),
]


def require(value: T | None, name: str) -> T:
    """Return a value that must be given in this use of the command.

    Raises:
        BadInput: It is not given.
    """
    if value is None:
        raise BadInput([Problem(name, "is not given", "see --help")])
    return value


def references_for(task: str, references: Path | None) -> Path | None:
    """Return the answers, which all tasks but a few need.

    Raises:
        BadInput: They are not given.
    """
    from heldout.datasets.tasks import TASKS

    optional = task in TASKS and not TASKS[task].needs_references
    return references if optional else require(references, "--references")


def split_names(text: str | None) -> tuple[str, ...] | None:
    """Split names at commas; None stays None, and empty text is no name at all."""
    return None if text is None else tuple(filter(None, map(str.strip, text.split(","))))
