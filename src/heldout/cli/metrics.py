"""`heldout metrics`: what can be computed, for which task."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from heldout.cli.options import Json
from heldout.cli.output import print_json, print_table


def metrics(
    task: Annotated[str | None, typer.Option(help="Only those that fit this task.")] = None,
    json: Json = False,
) -> None:
    """List the metrics with their numbers, directions and intervals."""
    from heldout.datasets.tasks import TASKS, find_task
    from heldout.evaluation.registry import all_metrics

    wanted = {find_task(task).family} if task else {found.family for found in TASKS.values()}
    rows = [_describe(metric) for metric in all_metrics() if metric.families & wanted]
    if json:
        print_json({"metrics": rows})
        return
    columns = ("id", "numbers", "parameters", "interval", "tasks")
    print_table(columns, [[_show(row[column]) for column in columns] for row in rows])


def _describe(metric: Any) -> dict[str, Any]:
    from heldout.datasets.tasks import TASKS

    made = metric()
    return {
        "id": metric.id,
        "title": metric.title,
        "version": metric.version,
        "numbers": [number._asdict() for number in made.numbers],
        "parameters": made.parameters,
        "tasks": [task.id for task in TASKS.values() if task.family in metric.families],
        "needs": metric.needs,
        "interval": str(metric.interval),
        "source": metric.source,
    }


def _show(cell: Any) -> str:
    if isinstance(cell, dict):
        return ", ".join(f"{name}={value}" for name, value in cell.items())
    if isinstance(cell, list):
        return ", ".join(item["name"] if isinstance(item, dict) else item for item in cell)
    return str(cell)
