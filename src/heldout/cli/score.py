"""`heldout score`: offline, with exactly the code of the site."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heldout.cli.options import (
    Classes,
    IdColumn,
    Json,
    MissingRule,
    PhaseId,
    References,
    Seed,
    Task,
    require,
    require_files,
    split_names,
)
from heldout.cli.output import print_json, say
from heldout.cli.reports import print_report
from heldout.errors import BadInput, MissingExtra, Problem, Problems

if TYPE_CHECKING:
    from heldout.challenge.protocol import Evaluation


# What a challenge.toml says, so that nobody may say it beside a challenge.
SAID_BY_CHALLENGE = ("task", "references", "metric", "classes", "subgroup", "smallest_group",
                     "along", "pairs",
                     "cluster", "missing", "id_column", "seed")  # fmt: skip


def score(
    context: typer.Context,
    challenge: Annotated[Path | None, typer.Argument(help="A challenge folder.")] = None,
    submission: Annotated[
        Path | None,
        typer.Argument(metavar="[PREDICTIONS]", help="CSV, JSON Lines or Parquet."),
    ] = None,
    phase: PhaseId = None,
    task: Task = None,
    references: References = None,
    predictions: Annotated[
        Path | None, typer.Option(help="Without a challenge: the predictions.")
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(help="A metric, such as accuracy or top-k:k=5; repeat for more."),
    ] = None,
    classes: Classes = None,
    subgroup: Annotated[
        list[str] | None,
        typer.Option(help="A column to score apart; a,b is an intersection. Repeat for more."),
    ] = None,
    smallest_group: Annotated[int, typer.Option(min=1, help="Smaller groups have no score.")] = 1,
    along: Annotated[
        list[str] | None,
        typer.Option(help="A column of numbers to score along, such as income. Repeat for more."),
    ] = None,
    pairs: Annotated[
        str | None,
        typer.Option(
            help="PAIR,ATTRIBUTE: the column that says which examples are one input, and the column "
            "that was changed in it; tells what the change changes."
        ),
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(help="The column whose values the intervals resample.")
    ] = None,
    missing: MissingRule = "refuse",
    id_column: IdColumn = "example_id",
    seed: Seed = 0,
    replicates: Annotated[
        int, typer.Option(min=0, help="Resamples of the intervals; 0: no intervals.")
    ] = 1000,
    leaks: Annotated[
        Path | None,
        typer.Option(
            help="A list of `heldout leaks --out` or of the site: tell the scores without these examples too."
        ),
    ] = None,
    public: Annotated[
        Path | None,
        typer.Option(
            help="A table of the examples that were scored in public: tell how far the scores on them are from the rest."
        ),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(help="Keep the report and what `heldout compare` needs in this folder."),
    ] = None,
    details: Annotated[
        bool,
        typer.Option(
            help="Report all there is: classes, confusion, curves, reliability, rates by group."
        ),
    ] = False,
    html: Annotated[
        Path | None,
        typer.Option(help="Write the report with plots to this file; implies --details."),
    ] = None,
    json: Json = False,
) -> None:
    """Score predictions, with intervals and by subgroup.

    Either `heldout score CHALLENGE PREDICTIONS --phase test`, or without any challenge
    `heldout score --task image-classification --references refs.csv --predictions preds.csv --metric accuracy`.
    """
    file = predictions if submission is None else submission
    if challenge is not None:
        _refuse_beside_challenge(context)
        file = require(file, "PREDICTIONS")
        evaluation = _score_phase(challenge, file, phase, replicates, details or html is not None)
    else:
        task, references, file = require_files(task=task, references=references, predictions=file)
        evaluation = _score_files(
            task=task,
            references=references,
            predictions=file,
            metrics=metric or (),
            classes=split_names(classes),
            subgroups=[split_names(names) for names in subgroup or ()],
            smallest_group=smallest_group,
            along=along or (),
            pairs=_two_names(pairs),
            details=details or html is not None,
            cluster=cluster,
            missing=missing,
            id_column=id_column,
            seed=seed,
            replicates=replicates,
        )
    if leaks is not None:
        evaluation = _without(evaluation, leaks, challenge, phase, replicates)
    if public is not None:
        evaluation = _with_public(evaluation, public, challenge, id_column, replicates)
    if save is not None:
        _save(evaluation, save)
    if html is not None:
        _write_page(evaluation, html, title=file.name)
    print_json(evaluation.report.to_json()) if json else print_report(evaluation.report)


def _refuse_beside_challenge(context: typer.Context) -> None:
    problems = Problems()
    for name in SAID_BY_CHALLENGE:
        if _is_given(context, name):
            option = f"--{name.replace('_', '-')}"
            problems.add(option, "is not for use with a challenge", "its challenge.toml says it")
    problems.refuse_if_any()


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _score_phase(
    folder: Path, predictions: Path, phase: str | None, replicates: int, details: bool
) -> Evaluation:
    from heldout.challenge.evaluate import evaluate
    from heldout.challenge.folder import load

    challenge = load(folder)
    chosen = challenge.the_phase(phase).id
    return evaluate(
        challenge, phase=chosen, predictions=predictions, replicates=replicates, details=details
    )


def _without(
    evaluation: Evaluation, leaks: Path, folder: Path | None, phase: str | None, replicates: int
) -> Evaluation:
    from heldout.challenge.folder import load
    from heldout.challenge.without import with_leaks
    from heldout.datasets.leaks.listing import read_leaked

    split = None if folder is None else load(folder).the_phase(phase).split
    return with_leaks(evaluation, read_leaked(leaks, split=split), replicates=replicates)


def _with_public(
    evaluation: Evaluation, public: Path, folder: Path | None, id_column: str, replicates: int
) -> Evaluation:
    from heldout.challenge.folder import load
    from heldout.challenge.public import read_public, with_public

    column = id_column if folder is None else load(folder).definition.data.id
    ids = read_public(public, id_column=column)
    return with_public(evaluation, ids, place=public.name, replicates=replicates)


def _score_files(*, missing: str, **question: Any) -> Evaluation:
    from heldout.challenge.adhoc import evaluate_files

    return evaluate_files(missing=parse_missing(missing), **question)


def _two_names(text: str | None) -> tuple[str, str] | None:
    names = split_names(text)
    if names is None:
        return None
    if len(names) != 2:
        message = f"names {len(names)} columns"
        raise BadInput([Problem("--pairs", message, "give two, as in --pairs input,gender")])
    return names[0], names[1]


def parse_missing(text: str) -> Any:
    """Read `refuse` or `wrong`."""
    from heldout.evaluation.reading import Missing

    try:
        return Missing(text)
    except ValueError:
        raise BadInput([Problem("--missing", f'"{text}" is not refuse or wrong')]) from None


def _save(evaluation: Evaluation, folder: Path) -> None:
    from heldout.challenge.stored import save_evaluation

    save_evaluation(evaluation, folder)
    say(f"kept in {folder}; its statistics give the answers away, so guard them likewise")


def _write_page(evaluation: Evaluation, path: Path, *, title: str) -> None:
    from heldout.datasets.atomic import write_bytes

    try:
        from heldout.cards.evaluation_report import render
    except ImportError as error:
        raise MissingExtra(feature="--html", extra="site") from error
    write_bytes(path, render(evaluation.report, title=title).encode())
    say(f"the report with plots is {path}")
