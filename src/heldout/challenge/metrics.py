"""What can be wrong with the metrics of a challenge, checked against the metrics that exist."""

from __future__ import annotations

from typing import Any

from heldout.challenge.definition import MetricChoice
from heldout.challenge.times import Finding
from heldout.datasets.tasks import TASKS, Task
from heldout.errors import BadInput, did_you_mean
from heldout.evaluation.registry import AnyMetric, find_metric


def check_metrics(raw: dict[str, Any]) -> list[Finding]:
    """Find metrics that do not exist, do not fit the task, repeat, or leave the primary open.

    Works on the raw tables, so that one bad key elsewhere hides nothing here.
    """
    entries = raw.get("metrics")
    if not isinstance(entries, list) or not entries:
        return []
    about = raw.get("challenge")
    task_id = about.get("task") if isinstance(about, dict) else None
    task = TASKS.get(task_id) if isinstance(task_id, str) else None
    findings, specs = list[Finding](), list[str]()
    for index, entry in enumerate(entries):
        if isinstance(entry, dict) and isinstance(entry.get("id"), str):
            choice = MetricChoice.model_construct(**entry)
            if task is not None:
                findings += _check_choice(choice, index, task)
            if choice.spec in specs:
                findings.append((("metrics", index), f"{choice.spec} is there already", ""))
            specs.append(choice.spec)
    return findings + _check_primary(entries)


def _check_choice(choice: MetricChoice, index: int, task: Task) -> list[Finding]:
    try:
        metric = find_metric(choice.spec, task=task)
    except BadInput as error:
        return [
            (("metrics", index, "id"), problem.message, problem.remedy or _mistyped(choice))
            for problem in error.problems
        ]
    return _check_name(choice, index, metric)


def _mistyped(choice: MetricChoice) -> str:
    suggestions = (did_you_mean(key, ("primary", "name")) for key in choice.model_extra or {})
    return next(filter(None, suggestions), "")


def _check_name(choice: MetricChoice, index: int, metric: AnyMetric) -> list[Finding]:
    path, names = ("metrics", index, "name"), ", ".join(metric.names)
    if choice.name is None and choice.primary is True and len(metric.names) > 1:
        remedy = f"write the one that ranks: name = one of {names}"
        return [(path, f"is missing: {choice.id} has several numbers", remedy)]
    if choice.name is not None and choice.name not in metric.names:
        remedy = did_you_mean(str(choice.name), metric.names) or f"its numbers: {names}"
        return [(path, f'"{choice.name}" is not one of the numbers of {choice.id}', remedy)]
    return []


def _check_primary(entries: list[Any]) -> list[Finding]:
    primary = [
        index
        for index, entry in enumerate(entries)
        if isinstance(entry, dict) and entry.get("primary") is True
    ]
    if not primary:
        return [(("metrics",), "none is primary", "mark the one that ranks: primary = true")]
    return [
        (("metrics", index, "primary"), "another metric is primary already", "keep one")
        for index in primary[1:]
    ]
