"""How a metric's numbers are named and written for people."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from heldout.datasets.tasks import TASKS, find_task
from heldout.errors import BadInput
from heldout.evaluation.metric import Number
from heldout.evaluation.registry import find_metric


class Measure(NamedTuple):
    """One number of one metric. A proportion where more is better is written in per cent."""

    metric: str
    name: str
    title: str
    percent: bool
    higher_is_better: bool

    @property
    def key(self) -> str:
        """How a page's address names it."""
        return f"{self.metric}/{self.name}"

    @property
    def direction(self) -> str:
        return "higher is better" if self.higher_is_better else "lower is better"


@lru_cache(maxsize=512)
def measures(metric: str, task: str) -> tuple[Measure, ...]:
    """Every number a metric gives; none where this site does not know the metric (any more)."""
    try:
        found = find_metric(metric, task=find_task(task))
    except BadInput:
        return ()
    title = found.title + _parameters(found.parameters)
    return tuple(_measure(metric, title, one, len(found.numbers)) for one in found.numbers)


def _measure(metric: str, title: str, number: Number, of: int) -> Measure:
    own = title if of == 1 else f"{title}, {number.name.replace('_', ' ')}"
    percent = (number.low, number.high) == (0.0, 1.0) and number.higher_is_better
    return Measure(metric, number.name, own, percent, number.higher_is_better)


def _parameters(values: dict[str, object]) -> str:
    return (
        f" ({', '.join(f'{name} = {value}' for name, value in values.items())})" if values else ""
    )


def measure(metric: str, name: str, task: str) -> Measure:
    """The number as it can be shown, also where the metric is unknown."""
    known = (one for one in measures(metric, task) if one.name == name)
    return next(known, Measure(metric, name, name or metric, False, True))


def task_title(task: str) -> str:
    return TASKS[task].title if task in TASKS else task
