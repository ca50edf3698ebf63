"""Which metrics there are, and how one is named with its parameters."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import fields
from enum import Enum
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, get_type_hints

from heldout.datasets.tasks import Task
from heldout.errors import BadInput, HeldoutError, Problem, did_you_mean
from heldout.evaluation import metrics
from heldout.evaluation.metric import Metric

GROUP = "heldout.metrics"

AnyMetric = Metric[Any, Any]


@cache
def all_metrics() -> tuple[type[AnyMetric], ...]:
    """Return every metric: the built-in ones, then those of the entry-point group.

    Raises:
        HeldoutError: An entry point cannot be loaded, or is not a metric.
    """
    return (*sorted(_built_in(), key=lambda metric: metric.id), *_third_party())


def metrics_for(task: Task) -> tuple[type[AnyMetric], ...]:
    """Return the metrics that fit a task."""
    return tuple(metric for metric in all_metrics() if task.family in metric.families)


def find_metric(spec: str, *, task: Task) -> AnyMetric:
    """Return the metric that a text such as `accuracy` or `top-k:k=5` names.

    Raises:
        BadInput: No such metric, one that does not fit the task, or a wrong parameter.
    """
    metric_id, _, listed = spec.partition(":")
    found = _find_class(metric_id, task)
    pairs = [pair.partition("=") for pair in listed.split(",") if pair]
    given = {name.strip(): value.strip() for name, _, value in pairs}
    values, problems = _parse_parameters(found, given, place=f"metric {spec}")
    if problems:
        raise BadInput(problems)
    try:
        return found(**values, asked=spec)
    except ValueError as error:
        raise BadInput([Problem(f"metric {spec}", str(error))]) from None


def metric_spec(metric_id: str, parameters: Mapping[str, object]) -> str:
    """Write `{ id = "top-k", k = 5 }` as `top-k:k=5`."""
    listed = ",".join(f"{name}={value}" for name, value in parameters.items())
    return f"{metric_id}:{listed}" if listed else metric_id


def _find_class(metric_id: str, task: Task) -> type[AnyMetric]:
    fitting = {metric.id: metric for metric in metrics_for(task)}
    if metric_id in fitting:
        return fitting[metric_id]
    if metric_id in {metric.id for metric in all_metrics()}:
        message = f"does not fit the task {task.id}"
    else:
        message = "there is no such metric"
    remedy = did_you_mean(metric_id, fitting) or f"metrics of this task: {', '.join(fitting)}"
    raise BadInput([Problem(f"metric {metric_id}", message, remedy)])


def _parse_parameters(
    metric: type[AnyMetric], given: Mapping[str, str], *, place: str
) -> tuple[dict[str, object], list[Problem]]:
    kinds = get_type_hints(metric)
    known = {item.name: kinds[item.name] for item in fields(metric) if not item.kw_only}
    values: dict[str, object] = {}
    problems = []
    for name, text in given.items():
        if name not in known:
            listed = ", ".join(known) or "none"
            remedy = f"known parameters: {listed}"
            problems.append(Problem(place, f'there is no parameter "{name}"', remedy))
            continue
        try:
            values[name] = known[name](text)
        except ValueError:
            kind = _kind(known[name])
            problems.append(Problem(place, f'{name} is "{text}", not {kind}', f"give {kind}"))
    return values, problems


def _kind(parameter: type) -> str:
    if issubclass(parameter, Enum):
        return f"one of {', '.join(member.value for member in parameter)}"
    return {int: "a whole number", float: "a number"}.get(parameter, parameter.__name__)


def _built_in() -> Iterator[type[AnyMetric]]:
    for module in pkgutil.iter_modules(metrics.__path__, f"{metrics.__name__}."):
        for found in vars(import_module(module.name)).values():
            if _is_metric(found) and found.__module__ == module.name:
                yield found


def _third_party() -> Iterator[type[AnyMetric]]:
    for entry in entry_points(group=GROUP):
        try:
            found = entry.load()
        except Exception as error:
            raise HeldoutError(f"the metric {entry.name} ({entry.value}): {error}") from error
        if not _is_metric(found):
            raise HeldoutError(f"the metric {entry.name} ({entry.value}) is not a Metric class")
        yield found


def _is_metric(found: object) -> bool:
    return inspect.isclass(found) and issubclass(found, Metric) and not inspect.isabstract(found)
