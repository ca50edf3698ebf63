"""What a metric is: facts about itself, statistics per example, and their reduction."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import numpy as np

from heldout.datasets.kinds import Kind
from heldout.datasets.tasks import Family
from heldout.errors import Problem
from heldout.evaluation.data import AnyArray, CustomPredictions, Floats, Predictions, References
from heldout.evaluation.stats import ExampleStats, Ragged
from heldout.statistics.weights import Resampling

P = TypeVar("P", bound=Predictions)
R = TypeVar("R", bound=References)


class Method(StrEnum):
    """How the interval of a number is made."""

    WILSON = "wilson"
    PERCENTILE = "percentile bootstrap"
    STANDARD_ERROR = "bootstrap standard error"
    BIASED_UPWARD = "bootstrap standard error, and twice its bias below"
    LOGIT = "bootstrap standard error of the logit"
    CLASSES = "intervals of the classes, combined"
    JACKKNIFE = "jackknife"
    NONE = "none"


def method_words(stored: str) -> str:
    """Return what a table for people says in place of a stored `Method`."""
    return {Method.WILSON.value: "Wilson interval", Method.NONE.value: "–"}.get(stored, stored)


class Number(NamedTuple):
    """One of the numbers a metric gives, with its bounds and direction.

    Attributes:
        name: Short, as its field writes it.
        low: Lower bound.
        high: Upper bound.
        higher_is_better: Direction.
        fewest: The independent examples below which its interval would hold the truth too seldom;
            0 where that is no more than for all numbers of the metric.
    """

    name: str
    low: float = 0.0
    high: float = 1.0
    higher_is_better: bool = True
    fewest: int = 0


class ClassMean(NamedTuple):
    """A mean over classes, each with an interval of its own.

    Attributes:
        values: (classes,), the number of each class that is in the mean.
        low: (classes,), lower limits.
        high: (classes,), upper limits.
        moved: (n,), how much each example moves the sum over the classes, to first order.
        apart: The sum over classes and examples of the squares of what it moves.
        sizes: (classes,), how many examples each class has.
    """

    values: Floats
    low: Floats
    high: Floats
    moved: Floats
    apart: float
    sizes: Floats


@dataclass(frozen=True)
class Metric(ABC, Generic[P, R]):
    """Base of every metric. Parameters are the fields of the subclass, a frozen dataclass.

    The docstring of a metric gives its definition, where it is known to surprise, and its source.

    Attributes:
        id: The name in `challenge.toml` and on the command line; one class per id and family.
        version: Changes whenever a score could.
        title: The name on pages.
        families: The families of tasks it scores.
        needs: What of the predictions it reads, in a word for people.
        requires: What asks for it: given the key and predictions, each yields what they lack.
        source: The paper or the reference implementation it agrees with.
        undefined: Why a number can be undefined, as a clause.
        interval: How intervals are made. `Method.WILSON` is for the mean of a 0/1 statistic,
            `Method.LOGIT` for numbers between 0 and 1, `Method.JACKKNIFE` for errors that a few
            examples may decide, `Method.CLASSES` for metrics that give their `class_means`.
        accepts_missing: Whether a missing example can be counted as wrong.
    """

    id: ClassVar[str]
    version: ClassVar[str] = "1"
    title: ClassVar[str]
    families: ClassVar[frozenset[Family]]
    needs: ClassVar[str]
    requires: ClassVar[tuple[Callable[[str, Any], Iterator[Problem]], ...]] = ()
    source: ClassVar[str]
    undefined: ClassVar[str] = "there are no examples"
    interval: ClassVar[Method] = Method.PERCENTILE
    accepts_missing: ClassVar[bool] = False

    asked: str = field(default="", kw_only=True, compare=False, repr=False)

    @property
    def numbers(self) -> tuple[Number, ...]:
        """The numbers the metric gives; the first is the one it is known for."""
        return (Number(self.id),)

    @property
    def fewest(self) -> int:
        """The independent examples, at least 10, below which an interval would say too little."""
        return 0

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the numbers."""
        return tuple(number.name for number in self.numbers)

    @property
    def parameters(self) -> dict[str, object]:
        """The parameters by name."""
        return {item.name: getattr(self, item.name) for item in fields(self) if not item.kw_only}

    @property
    def key(self) -> str:
        """The metric as it was asked for, else its id with all parameters: `top-k:k=5`."""
        listed = ",".join(f"{name}={value}" for name, value in self.parameters.items())
        return self.asked or (f"{self.id}:{listed}" if listed else self.id)

    @abstractmethod
    def per_example(self, predictions: P, references: R) -> ExampleStats:
        """Return the statistics of every example, in the order of the references."""

    @abstractmethod
    def reduce(self, stats: ExampleStats, weights: Floats) -> Floats:
        """Turn statistics into numbers under weights (r, n); returns (r, names), NaN if undefined.

        An example of weight 2 must count exactly like two equal examples of weight 1.
        """

    def class_means(self, stats: ExampleStats) -> tuple[ClassMean | None, ...]:
        """Return what each number averages over classes; None makes `Method.CLASSES` a bootstrap."""
        return (None,) * len(self.names)

    def class_sizes(self, stats: ExampleStats) -> Floats | None:
        """Return how many examples each class has, where rare ones would spoil an interval."""
        return None

    def resampled(self, stats: ExampleStats, resampling: Resampling) -> Floats | None:
        """Return the numbers (replicates, names) of resamples drawn in a faster way of its own.

        For the interval of single numbers: the draws need not be those that others share. None
        where there is no such way.
        """
        return None

    def influence(self, stats: ExampleStats) -> Floats:
        """Return how far leaving each example out moves each number, times -n: (n, names).

        For `Method.JACKKNIFE`. NaN where it is not known, which leaves a number to the bootstrap;
        additive metrics know it.
        """
        return np.full((len(stats), len(self.names)), np.nan)

    def needed_columns(self, answers: Sequence[str]) -> Mapping[str, Kind | None]:
        """Return which columns predictions of a custom task must have, and what their cells are.

        Args:
            answers: The columns of the references that are to be predicted.

        Returns:
            By name; None is what the references hold, or else what the column looks like.
        """
        return dict.fromkeys(answers)

    def unfit(self, references: R, answers: Sequence[str]) -> Iterator[Problem]:
        """Yield what references of a custom task lack for this metric; the organiser reads it."""
        yield from ()

    def unmet(self, predictions: P) -> Iterator[Problem]:
        """Yield what these predictions lack for this metric."""
        missing = int(predictions.missing.sum())
        if missing and not self.accepts_missing:
            yield Problem(
                f"metric {self.key}",
                f"cannot count {missing:,} missing examples as wrong",
                "predict every example",
            )
        if isinstance(predictions, CustomPredictions):
            for name in self.needed_columns(predictions.answers):
                if name not in predictions.columns.columns:
                    yield Problem(f"metric {self.key}", f'needs the column "{name}"', "add it")
        for require in self.requires:
            yield from require(self.key, predictions)

    def stats(self, references: R, **arrays: AnyArray | Ragged) -> ExampleStats:
        """Put arrays together with the ids and classes of the references."""
        return ExampleStats(self, references.example_ids, arrays, references.classes)


@dataclass(frozen=True)
class AdditiveMetric(Metric[P, R]):
    """A metric made of weighted sums over the examples: many of them are one matrix product."""

    def terms(self, stats: ExampleStats) -> AnyArray:
        """Return what is summed: (n, k)."""
        array = stats.array("terms")
        return array if array.ndim == 2 else array[:, None]

    def finish(self, totals: Floats, weight: Floats) -> Floats:
        """Turn sums into numbers; the mean unless a subclass says otherwise.

        Args:
            totals: (…, k), the weighted sums of the terms.
            weight: (…,), the sum of the weights.

        Returns:
            (…, names)
        """
        return ratio(totals, weight[..., None])

    def influence(self, stats: ExampleStats) -> Floats:
        """Finish the sums without each example."""
        terms = self.terms(stats).astype(np.float64, copy=False)
        n = len(stats)
        without = self.finish(terms.sum(axis=0) - terms, np.full(n, float(n - 1)))
        moved: Floats = (n - 1) * (without.mean(axis=0) - without)
        return moved

    def reduce(self, stats: ExampleStats, weights: Floats) -> Floats:
        """Sum the terms under each row of weights, and finish."""
        terms = self.terms(stats).astype(np.float64, copy=False)
        if len(weights) == 1:  # Threads of a matrix product take longer to wake than this takes.
            totals: Floats = (terms * weights[0][:, None]).sum(axis=0, keepdims=True)
            return self.finish(totals, weights.sum(axis=1))
        return self.finish(weights @ terms, weights @ np.ones(weights.shape[1]))


def ratio(above: Floats, below: Floats) -> Floats:
    """Divide; NaN, silently, where the lower side is 0."""
    below = np.broadcast_to(below, np.broadcast_shapes(above.shape, below.shape))
    divided: Floats = np.full(below.shape, np.nan)
    return np.divide(above, below, out=divided, where=below != 0)
