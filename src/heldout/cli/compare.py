"""`heldout compare`: the paired test of two results."""

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
    Seed,
    Task,
    require_files,
)
from heldout.cli.options import split_names as names_of
from heldout.cli.output import print_json, print_table, say
from heldout.errors import BadInput, Problems

if TYPE_CHECKING:
    from heldout.challenge.protocol import Evaluation

Result = Annotated[
    Path,
    typer.Argument(help="A predictions file, or a folder from heldout score --save."),
]


def compare(
    first: Result,
    second: Result,
    challenge: Annotated[
        Path | None, typer.Option(help="The challenge folder that has the answers.")
    ] = None,
    phase: PhaseId = None,
    task: Task = None,
    references: References = None,
    metric: Annotated[
        str | None, typer.Option(help="What to compare by; the first metric if left out.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Which of its numbers; the first if left out.")
    ] = None,
    classes: Classes = None,
    id_column: IdColumn = "example_id",
    seed: Seed = 0,
    replicates: Annotated[int, typer.Option(min=100, help="Number of resamples.")] = 1000,
    json: Json = False,
) -> None:
    """Test whether two results on the same examples differ.

    Exit code 0: they do, at the 5 % level. 1: they are not distinguishable. Overlapping intervals of the two scores say less than this test: it compares example by example.
    """
    from heldout.challenge.comparing import compare_evaluations, is_distinguishable

    if challenge is None and task is None:
        _require_folders(first, second)

    def read(path: Path) -> Evaluation:
        if path.is_dir():
            from heldout.challenge.stored import load_evaluation

            return load_evaluation(path)
        if challenge is not None:
            return _score_phase(challenge, path, phase)
        return _score_file(path, task, references, metric, classes, id_column, seed)

    test = compare_evaluations(
        read(first), read(second), metric=metric, name=name, replicates=replicates
    )
    differs = is_distinguishable(test)
    if json:
        print_json({**msgspec.to_builtins(test), "distinguishable": differs})
    else:
        print_table(
            ("metric", "number", "first", "second", "difference", "low", "high", "p", "n"),
            [(test.metric, test.name, test.first, test.second, test.difference, test.low,
              test.high, test.p_value, test.n)],
        )  # fmt: skip
        if test.tests:
            rows = [(one.test, one.p_value) for one in test.tests]
            print_table(("further test", "p"), rows)
        say(test.reason or ("they differ" if differs else "they are not distinguishable"))
    raise typer.Exit(0 if differs else 1)


def _require_folders(*results: Path) -> None:
    """Say of each file what it lacks to be compared without its answers."""
    problems = Problems()
    for path in results:
        if not path.exists():
            problems.add(str(path), "there is no such file or folder", "look at the path")
        elif not path.is_dir() and _is_report(path):
            message = "is a report, which says nothing of single examples"
            remedy = "compare what heldout score --save FOLDER keeps; heldout rank orders reports"
            problems.add(str(path), message, remedy)
        elif not path.is_dir():
            message = "is a file, and its answers are not given"
            problems.add(str(path), message, "give --challenge, or --task and --references")
    problems.refuse_if_any()


def _is_report(path: Path) -> bool:
    from heldout.challenge.stored import load_report

    try:
        return bool(load_report(path).scores)
    except BadInput:
        return False


def _score_phase(folder: Path, predictions: Path, phase: str | None) -> Evaluation:
    from heldout.challenge.evaluate import evaluate
    from heldout.challenge.folder import load

    found = load(folder)
    chosen = found.the_phase(phase).id
    return evaluate(found, phase=chosen, predictions=predictions, replicates=0)


def _score_file(
    predictions: Path,
    task: str | None,
    references: Path | None,
    metric: str | None,
    classes: str | None,
    id_column: str,
    seed: int,
) -> Evaluation:
    from heldout.challenge.adhoc import evaluate_files

    task, references, predictions = require_files(
        task=task, references=references, predictions=predictions
    )
    return evaluate_files(
        task=task,
        references=references,
        predictions=predictions,
        metrics=[metric] if metric else (),
        classes=names_of(classes),
        id_column=id_column,
        seed=seed,
        replicates=0,
    )
