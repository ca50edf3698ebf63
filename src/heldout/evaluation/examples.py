"""The worst examples of one entry or of several, side by side.

What stands here gives answers away: for organisers, and for splits whose answers are public.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import polars as pl

from heldout.evaluation.data import (
    MISSING,
    CustomPredictions,
    CustomReferences,
    Flags,
    Floats,
    LabelPredictions,
    LabelReferences,
    NumberPredictions,
    NumberReferences,
    Predictions,
    References,
    SetPredictions,
    SetReferences,
)
from heldout.evaluation.metric import AdditiveMetric
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.subgroups import UNKNOWN

CLASS = "class"


class Order(StrEnum):
    """Which examples come first."""

    WORST = "worst"
    DISAGREEMENT = "disagreement"


class Answer(NamedTuple):
    """What one entry says of an example.

    Attributes:
        prediction: As text; empty where it cannot be said in a line.
        value: The number that the example has alone; None where it has none.
    """

    prediction: str
    value: float | None


@dataclass(frozen=True)
class ExampleRow:
    """One example.

    Attributes:
        example_id: Its id.
        reference: The true answer as text; empty where it cannot be said in a line.
        answers: One for each entry, in their order.
        columns: What else is known of it.
    """

    example_id: str
    reference: str
    answers: tuple[Answer, ...]
    columns: dict[str, str]


def value_of_each(stats: ExampleStats, *, name: str | None = None) -> Floats:
    """Return one number of a metric for every example by itself: (n,), NaN where undefined.

    Args:
        stats: Of all examples.
        name: Which number; None takes the metric's first.
    """
    position = stats.metric.names.index(name) if name else 0
    if isinstance(stats.metric, AdditiveMetric):
        terms = stats.metric.terms(stats).astype(np.float64)
        alone: Floats = stats.metric.finish(terms, np.ones(len(stats)))[:, position]
        return alone
    values = [stats.take(np.array([i])).reduce()[position] for i in range(len(stats))]
    return np.array(values, dtype=np.float64)


def explore(
    references: References,
    entries: Sequence[Predictions],
    values: Sequence[Floats],
    *,
    columns: pl.DataFrame | None = None,
    where: Mapping[str, str] | None = None,
    order: Order = Order.WORST,
    higher_is_better: bool = True,
    most: int = 50,
) -> list[ExampleRow]:
    """Return the examples on which entries do worst, or differ most from one another.

    Args:
        references: The answers.
        entries: Predictions of one or more, in the order of the references.
        values: (n,) for each entry, from `value_of_each`.
        columns: What else is known, one row per example.
        where: Keeps examples with these values of columns; `class` is the true class.
        order: By the mean over the entries, the worst first; or by the largest difference between
            two of them.
        higher_is_better: The direction of the values.
        most: How many to return.

    Raises:
        KeyError: A name in `where` is no column.
    """
    known = pl.DataFrame() if columns is None else columns
    kept = np.flatnonzero(_matching(references, known, where or {}))
    table = np.stack(values, axis=1)[kept]
    first = np.argsort(_keys(table, order, higher_is_better=higher_is_better), kind="stable")
    chosen = kept[first[:most]]
    texts = [texts_of(one, references) for one in entries]
    truth = references_as_text(references)
    details = known.select(pl.all().cast(pl.String).fill_null(UNKNOWN))
    return [
        ExampleRow(
            str(references.example_ids[i]),
            truth[i],
            tuple(
                Answer(text[i], None if np.isnan(value[i]) else float(value[i]))
                for text, value in zip(texts, values, strict=True)
            ),
            details.row(i, named=True) if details.width else {},
        )
        for i in chosen.tolist()
    ]


def _matching(references: References, columns: pl.DataFrame, where: Mapping[str, str]) -> Flags:
    flags: Flags = np.ones(len(references.example_ids), dtype=np.bool_)
    for name, wanted in where.items():
        if name == CLASS and name not in columns.columns:
            texts = np.array(references_as_text(references), dtype=object)
            flags &= texts == wanted
        elif name in columns.columns:
            flags &= (columns[name].cast(pl.String).fill_null(UNKNOWN) == wanted).to_numpy()
        else:
            raise KeyError(name)
    return flags


def _keys(table: Floats, order: Order, *, higher_is_better: bool) -> Floats:
    """Return (n,), the smallest first; examples without a value last."""
    defined = ~np.isnan(table)
    any_defined = defined.any(axis=1)
    if order is Order.DISAGREEMENT:
        high = np.where(defined, table, -np.inf).max(axis=1, initial=-np.inf)
        low = np.where(defined, table, np.inf).min(axis=1, initial=np.inf)
        return np.where(any_defined, -(high - low), np.inf)
    total = np.where(defined, table, 0).sum(axis=1) / np.maximum(defined.sum(axis=1), 1)
    return np.where(any_defined, total if higher_is_better else -total, np.inf)


def references_as_text(references: References) -> list[str]:
    """Return each answer as text; empty where it cannot be said in a line."""
    if isinstance(references, LabelReferences):
        return [references.names[code] for code in references.labels.tolist()]
    if isinstance(references, SetReferences):
        return [_joined(row, references.names) for row in references.sets]
    if isinstance(references, NumberReferences):
        return [f"{value:g}" for value in references.values.tolist()]
    if isinstance(references, CustomReferences):
        return _rows_as_text(references.columns)
    return [""] * len(references.example_ids)


def texts_of(predictions: Predictions, references: References) -> list[str]:
    """Return each prediction as text, with its score where there is one."""
    if isinstance(predictions, LabelPredictions):
        return [_label(predictions, references, i) for i in range(len(predictions.labels))]
    if isinstance(predictions, SetPredictions) and predictions.sets is not None:
        return [_joined(row, references.classes) for row in predictions.sets]
    if isinstance(predictions, NumberPredictions):
        return ["" if np.isnan(one) else f"{one:g}" for one in predictions.values.tolist()]
    if isinstance(predictions, CustomPredictions):
        return _rows_as_text(predictions.columns)
    return [""] * len(predictions.example_ids)


def _rows_as_text(columns: pl.DataFrame) -> list[str]:
    """Return rows as `unit: kg, weight: 7`, without their empty cells."""
    return [
        ", ".join(f"{name}: {_cell(cell)}" for name, cell in row.items() if cell is not None)
        for row in columns.iter_rows(named=True)
    ]


def _cell(cell: object) -> str:
    if isinstance(cell, list):
        return "|".join(map(_cell, cell))
    return f"{cell:g}" if isinstance(cell, float) else str(cell)


def _label(predictions: LabelPredictions, references: References, i: int) -> str:
    code = int(predictions.labels[i])
    if code == MISSING:
        return "(missing)"
    name = references.classes[code]
    return name if predictions.scores is None else f"{name} ({predictions.scores[i, code]:.2f})"


def _joined(row: Flags, names: Sequence[str]) -> str:
    return ", ".join(names[code] for code in np.flatnonzero(row).tolist()) or "(none)"
