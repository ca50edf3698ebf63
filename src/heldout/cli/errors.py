"""`heldout errors`: the examples on which one result or several do worst."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from heldout.cli.options import (
    Classes,
    IdColumn,
    Json,
    PhaseId,
    References,
    Task,
    require,
    split_names,
)
from heldout.cli.output import print_json, print_table, say, show_cell
from heldout.errors import BadInput, Problem, Problems

if TYPE_CHECKING:
    from heldout.challenge.exploring import Exploration, Question

Files = Annotated[
    list[Path],
    typer.Argument(metavar="PREDICTIONS...", help="One file, or several to stand side by side."),
]


def errors(
    predictions: Files,
    challenge: Annotated[
        Path | None, typer.Option(help="The challenge folder that has the answers.")
    ] = None,
    phase: PhaseId = None,
    task: Task = None,
    references: References = None,
    metric: Annotated[
        str | None,
        typer.Option(help="What is bad; if left out, log loss or the task's first metric."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Which of its numbers; else the first.")] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(help="Only examples with COLUMN=VALUE; class=VALUE is the true class."),
    ] = None,
    order: Annotated[
        str, typer.Option(help="worst, or disagreement: where the files differ most.")
    ] = "worst",
    most: Annotated[int, typer.Option(min=1, help="How many examples.")] = 20,
    classes: Classes = None,
    id_column: IdColumn = "example_id",
    html: Annotated[
        Path | None, typer.Option(help="Write them, with their pictures, to this file.")
    ] = None,
    json: Json = False,
) -> None:
    """Look at the examples on which results do worst, or differ most from one another.

    The output holds the answers of these examples: keep it like answers where they are held out.
    """
    from heldout.challenge.exploring import explore_files, explore_phase
    from heldout.challenge.folder import load

    question = _question(metric, name, where or [], order, most)
    named = _named(predictions)
    if challenge is not None:
        folder = load(challenge)
        found = explore_phase(
            folder, phase=folder.the_phase(phase).id, predictions=named, question=question
        )
    else:
        found = explore_files(
            task=require(task, "--task"),
            references=require(references, "--references"),
            predictions=named,
            question=question,
            classes=split_names(classes),
            id_column=id_column,
        )
    if html is not None:
        _write_page(found, html)
    if json:
        fields = {"metric": found.metric, "name": found.name, "entries": found.entries}
        print_json(fields | {"examples": msgspec.to_builtins(found.rows)})
    else:
        _print(found)


def _question(
    metric: str | None, name: str | None, where: list[str], order: str, most: int
) -> Question:
    from heldout.challenge.exploring import Question
    from heldout.evaluation.examples import Order

    problems = Problems()
    if order not in list(Order):
        problems.add("--order", f'"{order}" is not worst or disagreement')
    for text in where:
        if "=" not in text:
            problems.add("--where", f'"{text}" is not COLUMN=VALUE')
    problems.refuse_if_any()
    pairs = (text.partition("=") for text in where)
    wanted = {column: value for column, _, value in pairs}
    return Question(metric=metric, name=name, where=wanted, order=Order(order), most=most)


def _named(paths: list[Path]) -> dict[str, Path]:
    short = {path.stem: path for path in paths}
    named = short if len(short) == len(paths) else {str(path): path for path in paths}
    if len(named) < len(paths):
        raise BadInput([Problem("PREDICTIONS", "a file is given twice")])
    return named


def _print(found: Exploration) -> None:
    columns = list(found.rows[0].columns) if found.rows else []
    answers = [title for entry in found.entries for title in (entry, found.name)]
    print_table(
        ("example", "true", *answers, *columns),
        [
            (
                row.example_id,
                row.reference,
                *(cell for one in row.answers for cell in (one.prediction, show_cell(one.value))),
                *row.columns.values(),
            )
            for row in found.rows
        ],
    )
    say("these are answers: keep them like the answers of the split")


def _write_page(found: Exploration, path: Path) -> None:
    from heldout.cards.error_gallery import render
    from heldout.datasets.atomic import write_bytes

    write_bytes(path, render(found).encode(), mode=0o600)
    say(f"the examples with their pictures are {path}")
