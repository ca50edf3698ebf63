"""Score predictions against a file of references, without any challenge."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from heldout.challenge.columns import has_numbers
from heldout.challenge.protocol import Evaluation, Protocol
from heldout.datasets.tasks import TASKS, Task, find_task
from heldout.errors import BadInput, Problems, did_you_mean
from heldout.evaluation.data import References
from heldout.evaluation.reading import Missing, read_references
from heldout.evaluation.registry import AnyMetric, find_metric
from heldout.evaluation.scoring import REPLICATES


def evaluate_files(
    *,
    task: str,
    references: Path | None,
    predictions: Path,
    metrics: Sequence[str] = (),
    classes: tuple[str, ...] | None = None,
    subgroups: Sequence[tuple[str, ...]] = (),
    smallest_group: int = 1,
    along: Sequence[str] = (),
    pairs: tuple[str, str] | None = None,
    details: bool = False,
    cluster: str | None = None,
    missing: Missing = Missing.REFUSE,
    id_column: str = "example_id",
    seed: int = 0,
    replicates: int = REPLICATES,
) -> Evaluation:
    """Score a predictions file against a references file, both of which the caller may see.

    Args:
        task: The id of a task.
        references: The answers, with the columns of `subgroups` and `cluster`; None, for a task
            that needs none, takes ids and columns of the predictions.
        predictions: What to score.
        metrics: As on the command line (`top-k:k=5`); the task's own if empty.
        classes: The declared classes; None takes those of the references.
        subgroups: Columns to score apart; several columns are an intersection.
        smallest_group: Groups with fewer examples are named and not scored.
        along: Numeric columns to score along.
        pairs: Columns of inputs and of the attribute that was changed in them, for counterfactuals.
        details: Whether the report says all it can: classes, confusion, curves, reliability, rates.
        cluster: The column whose values the intervals resample.
        missing: What a missing prediction is.
        id_column: The column of example ids in both files.
        seed: Of the intervals.
        replicates: Number of resamples; 0 leaves the intervals out.

    Raises:
        BadInput: Every problem of the question; or of the references; or of the predictions.
    """
    found, chosen = _understand(task, metrics, references, predictions)
    protocol = Protocol(
        task=found,
        metrics=chosen,
        seed=seed,
        classes=classes,
        id_column=id_column,
        missing=missing,
        subgroups=subgroups,
        smallest_group=smallest_group,
        cluster=cluster,
        along=along,
        pairs=pairs,
        per_class=details,
        details=details,
        replicates=replicates,
    )
    source = references or predictions
    answers = read_references(source, task=found, classes=classes, id_column=id_column)
    _require_columns(answers, protocol, source.name)
    if unfit := protocol.unfit(answers):
        raise BadInput(unfit)
    return protocol.evaluate(predictions, references=answers, columns=answers.columns)


def _understand(
    task: str, specs: Sequence[str], references: Path | None, predictions: Path
) -> tuple[Task, list[AnyMetric]]:
    """Find the task and its metrics, and see that the files are there: all faults at once."""
    problems, metrics = Problems(), list[AnyMetric]()
    found = TASKS.get(task)
    try:
        found = find_task(task)
        metrics = _find_metrics(specs or found.metrics, found)
    except BadInput as error:
        problems.absorb(error)
    if references is None and found is not None and found.needs_references:
        problems.add("--references", "is not given", f"{found.id} needs the answers")
    for path in (references, predictions):
        if path is not None and not path.exists():
            problems.add(path.name, "there is no such file", "look at the path")
    problems.refuse_if_any()
    assert found is not None
    return found, metrics


def _find_metrics(specs: Sequence[str], task: Task) -> list[AnyMetric]:
    problems, metrics = Problems(), list[AnyMetric]()
    for spec in specs:
        try:
            metrics.append(find_metric(spec, task=task))
        except BadInput as error:
            problems.absorb(error)
    problems.refuse_if_any()
    return metrics


def _require_columns(references: References, protocol: Protocol, file: str) -> None:
    known = references.columns.columns
    wanted = {name: "subgroup" for names in protocol.subgroups for name in names}
    wanted |= dict.fromkeys(protocol.pairs or (), "pairs")
    wanted |= dict.fromkeys(protocol.along, "along")
    wanted |= {protocol.cluster: "cluster"} if protocol.cluster else {}
    problems = Problems()
    for name, what in wanted.items():
        if name not in known:
            remedy = did_you_mean(name, known) or f"there are {', '.join(known) or 'none'}"
            problems.add(what, f'{file} has no column "{name}"', remedy)
        elif what == "along" and not has_numbers(references.columns[name]):
            message = f'the column "{name}" of {file} is not of numbers'
            problems.add(what, message, "give a column of numbers, or use --subgroup")
    problems.refuse_if_any()
