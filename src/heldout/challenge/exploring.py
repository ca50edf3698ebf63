"""The worst examples of one predictions file or of several, with everything known of them.

The answers are in the result: for organisers, and for splits whose answers are public.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from heldout.challenge.columns import public_table
from heldout.challenge.evaluate import phase_protocol, read_answers
from heldout.challenge.folder import Challenge
from heldout.datasets.table import MEDIA
from heldout.datasets.tasks import Family, Task, find_task
from heldout.errors import BadInput, Problem, did_you_mean
from heldout.evaluation.data import LabelPredictions, Predictions, References
from heldout.evaluation.examples import CLASS, ExampleRow, Order, explore, value_of_each
from heldout.evaluation.reading import Expected, Missing, read_predictions, read_references
from heldout.evaluation.registry import AnyMetric, find_metric
from heldout.evaluation.requirements import require_probabilities
from heldout.evaluation.scoring import check_needs


@dataclass(frozen=True)
class Question:
    """What to look for.

    Attributes:
        metric: As on the command line; None takes the log loss where all predictions are
            probabilities, else the task's first metric.
        name: Which of its numbers; the first if None.
        where: Keeps examples with these values of columns; `class` is the true class.
        order: Which examples come first.
        most: How many.
    """

    metric: str | None = None
    name: str | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    order: Order = Order.WORST
    most: int = 50


@dataclass(frozen=True)
class Exploration:
    """What was found.

    Attributes:
        metric: By which examples are ordered.
        name: Which of its numbers.
        entries: Names of the predictions, in the order of the answers.
        rows: The examples.
        images: The picture of an example by its id, as a path relative to `root`.
        root: The folder of the pictures.
    """

    metric: str
    name: str
    entries: tuple[str, ...]
    rows: tuple[ExampleRow, ...]
    images: dict[str, str] = field(default_factory=dict)
    root: Path = Path()

    def picture(self, example_id: str) -> Path | None:
        """Return the picture of an example; None where there is none inside of the folder."""
        root = self.root.resolve()
        path = (root / self.images.get(example_id, "")).resolve()
        return path if path.is_relative_to(root) and path.is_file() else None


def explore_files(
    *,
    task: str,
    references: Path,
    predictions: Mapping[str, Path],
    question: Question,
    classes: tuple[str, ...] | None = None,
    id_column: str = "example_id",
) -> Exploration:
    """Look at predictions against a file of answers.

    Args:
        task: The id of a task.
        references: The answers; a column `image` holds paths relative to the file.
        predictions: By the names of the entries.
        question: What to look for.
        classes: The declared classes; None takes those of the references.
        id_column: The column of example ids.

    Raises:
        BadInput: Every problem of the references, or of a file of predictions.
    """
    found = find_task(task)
    answers = read_references(references, task=found, classes=classes, id_column=id_column)
    expected = Expected(
        answers.example_ids,
        classes or answers.classes,
        missing=Missing.WRONG,
        public=answers.public,
        answers=tuple(answers.columns.columns),
    )
    read = _read(
        predictions,
        lambda path: read_predictions(path, task=found, expected=expected, id_column=id_column),
    )
    images = _images(answers.example_ids, answers.columns, MEDIA)
    explored = _explore(found, answers, read, answers.columns, images, question)
    return replace(explored, root=references.parent)


def explore_phase(
    challenge: Challenge, *, phase: str, predictions: Mapping[str, Path], question: Question
) -> Exploration:
    """Look at predictions against a phase's held-out answers.

    Args:
        challenge: With its answers.
        phase: Its id.
        predictions: By the names of the entries.
        question: What to look for.

    Raises:
        BadInput: Every problem of the answers, or of a file of predictions.
    """
    chosen = challenge.phase(phase)
    answers = read_answers(challenge, chosen.split)
    protocol = phase_protocol(challenge, chosen, replicates=0)
    read = _read(predictions, lambda path: protocol.read(path, references=answers))
    public = public_table(challenge, chosen.split, answers)
    media = challenge.definition.data.media
    images = _images(answers.example_ids, public, media or MEDIA)
    roles = [challenge.definition.data.id, media or MEDIA, *answers.columns.columns]
    columns = pl.concat([answers.columns, public.drop(roles, strict=False)], how="horizontal")
    explored = _explore(challenge.task, answers, read, columns, images, question)
    return replace(explored, root=challenge.data)


def _read(paths: Mapping[str, Path], read: Callable[[Path], Predictions]) -> dict[str, Predictions]:
    return {name: read(path) for name, path in paths.items()}


def _explore(
    task: Task,
    references: References,
    entries: Mapping[str, Predictions],
    columns: pl.DataFrame,
    images: dict[str, str],
    question: Question,
) -> Exploration:
    metric = _metric(task, list(entries.values()), question.metric)
    for predictions in entries.values():
        check_needs(predictions, [metric])
    number = _number(metric, question.name)
    _refuse_unknown(question.where, columns)
    values = [
        value_of_each(metric.per_example(one, references), name=metric.numbers[number].name)
        for one in entries.values()
    ]
    rows = explore(
        references,
        list(entries.values()),
        values,
        columns=columns,
        where=question.where,
        order=question.order,
        higher_is_better=metric.numbers[number].higher_is_better,
        most=question.most,
    )
    shown = {row.example_id: images[row.example_id] for row in rows if row.example_id in images}
    return Exploration(metric.key, metric.names[number], tuple(entries), tuple(rows), shown)


def _metric(task: Task, entries: Sequence[Predictions], asked: str | None) -> AnyMetric:
    if asked is None and task.family is Family.LABEL and all(map(_has_probabilities, entries)):
        asked = "log-loss"
    return find_metric(asked or task.metrics[0], task=task)


def _has_probabilities(predictions: Predictions) -> bool:
    """Whether the log loss can be had, which also refuses missing predictions."""
    if not isinstance(predictions, LabelPredictions) or predictions.missing.any():
        return False
    return not any(require_probabilities("", predictions))


def _number(metric: AnyMetric, name: str | None) -> int:
    if name is None:
        return 0
    if name not in metric.names:
        remedy = f"give one of {', '.join(metric.names)}"
        raise BadInput([Problem("--name", f'{metric.key} has no number "{name}"', remedy)])
    return metric.names.index(name)


def _refuse_unknown(where: Mapping[str, str], columns: pl.DataFrame) -> None:
    known = [*columns.columns, CLASS]
    problems = [
        Problem(
            "--where",
            f'there is no column "{name}"',
            did_you_mean(name, known) or f"there are {', '.join(known)}",
        )
        for name in where
        if name not in known
    ]
    if problems:
        raise BadInput(problems)


def _images(ids: pl.Series, columns: pl.DataFrame, media: str) -> dict[str, str]:
    if media not in columns.columns:
        return {}
    pairs = zip(ids.to_list(), columns[media].to_list(), strict=True)
    return {str(example): str(name) for example, name in pairs if name}
