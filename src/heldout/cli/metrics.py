"""`heldout metrics`: what can be computed, for which task."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from math import inf
from operator import itemgetter
from typing import Annotated, Any

import typer

from heldout.cli.options import Json
from heldout.cli.output import print_json, print_table


def metrics(
    task: Annotated[str | None, typer.Option(help="Only those that fit this task.")] = None,
    json: Json = False,
) -> None:
    """List the metrics with their tasks, numbers, ranges, directions, intervals and sources."""
    from heldout.datasets.tasks import TASKS, find_task
    from heldout.evaluation.registry import all_metrics

    wanted = {find_task(task).family} if task else {found.family for found in TASKS.values()}
    rows = [_describe(metric) for metric in all_metrics() if metric.families & wanted]
    if json:
        print_json({"metrics": rows})
        return
    print_table(
        ("id", "numbers", "range", "better", "parameters", "interval", "source", "tasks"),
        [line for row in rows for line in _lines(row)],
    )


def _lines(row: dict[str, Any]) -> Iterator[list[str]]:
    """Yield a line for the numbers of one range and direction."""
    from heldout.evaluation.metric import method_words

    shown = row | {"interval": method_words(row["interval"])}
    rest = [_show(shown[column]) for column in ("parameters", "interval", "source", "tasks")]
    for (low, high, higher), numbers in groupby(
        row["numbers"], key=itemgetter("low", "high", "higher_is_better")
    ):
        names = ", ".join(number["name"] for number in numbers)
        better = "higher" if higher else "lower"
        yield [row["id"], names, _range(low, high), better, *rest]


def _range(low: float, high: float) -> str:
    if low == -inf:
        return f"up to {high:g}"
    return f"from {low:g}" if high == inf else f"{low:g} to {high:g}"


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
        return ", ".join(cell)
    return str(cell)
