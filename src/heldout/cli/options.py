"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Mapping
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

Address = Annotated[
    str, typer.Option(help="With ray: the cluster, such as auto or ray://host:10001.")
]

ENGINES = ("local", "ray")


def require_engine(name: str) -> None:
    """Refuse an engine that is none.

    Raises:
        BadInput: Names those there are.
    """
    if name not in ENGINES:
        raise BadInput([Problem("--engine", f'"{name}" is none', f"write {' or '.join(ENGINES)}")])


def require(value: T | None, name: str) -> T:
    """Return a value that must be given in this use of the command.

    Raises:
        BadInput: It is not given.
    """
    require_all({name: value})
    assert value is not None
    return value


def require_all(given: Mapping[str, object]) -> None:
    """Refuse a use of the command in which one of these is not given.

    Raises:
        BadInput: Names all that are not given.
    """
    problems = [
        Problem(name, "is not given", "see --help")
        for name, value in given.items()
        if value is None
    ]
    if problems:
        raise BadInput(problems)


def require_files(
    *, task: str | None, references: Path | None, predictions: Path | None
) -> tuple[str, Path | None, Path]:
    """Return what scoring without a challenge starts from; a few tasks need no answers.

    Raises:
        BadInput: Names all that are not given.
    """
    from heldout.datasets.tasks import TASKS

    given = {"--task": task, "--references": references, "--predictions": predictions}
    if task in TASKS and not TASKS[task].needs_references:
        del given["--references"]
    require_all(given)
    assert task is not None
    assert predictions is not None
    return task, references, predictions


def split_names(text: str | None) -> tuple[str, ...] | None:
    """Split names at commas; None stays None, and empty text is no name at all."""
    return None if text is None else tuple(filter(None, map(str.strip, text.split(","))))
