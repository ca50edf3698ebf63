"""Training compute, cost and FLOP per dollar over the years."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from heldout.compute.devices import Device
from heldout.errors import BadInput, Problem

SECONDS_A_YEAR = 365.25 * 86400
#: Over how long a bought device is written off.
LIFETIME_YEARS = 3

NAME, DATE = ("Model", "System"), ("Publication date",)
COMPUTE, COST = ("Training compute (FLOP)",), ("Training compute cost (2023 USD)",)


@dataclass(frozen=True, slots=True)
class Model:
    """A published model.

    Attributes:
        year: With its fraction.
        training_flop: NaN where unknown.
        cost_usd: NaN where unknown.
    """

    name: str
    year: float
    training_flop: float
    cost_usd: float = math.nan
    source: str = ""


@cache
def landmarks() -> tuple[Model, ...]:
    """Return the built-in table, from the perceptron to Llama 3.1."""
    text = resources.files("heldout.compute").joinpath("data/landmarks.csv").read_text("utf-8")
    return tuple(
        Model(
            row["name"],
            float(row["year"]),
            float(row["training_flop"]),
            _number(row["cost_usd"]),
            row["source"],
        )
        for row in csv.DictReader(text.splitlines())
    )


def read_epoch(text: str, *, place: str) -> list[Model]:
    """Read a table of models as Epoch AI publishes it; rows without a date are left out.

    Raises:
        BadInput: The columns needed are not there, or no row can be used.
    """
    rows = csv.DictReader(text.splitlines())
    columns = rows.fieldnames or []
    missing = [names[0] for names in (NAME, DATE, COMPUTE) if not set(names) & set(columns)]
    if missing:
        remedy = "download the table of notable models from epoch.ai/data as CSV"
        raise BadInput([Problem(place, f"has no column {', '.join(missing)}", remedy)])
    models = [model for row in rows if (model := _read_model(row)) is not None]
    if not models:
        raise BadInput([Problem(place, "has no row with a date and a training compute")])
    return models


def flop_per_dollar(device: Device) -> float | None:
    """Return the dense FLOPs a dollar of a bought device gives over three years at peak rate."""
    rate, price = device.rate("bf16"), device.price_usd
    if rate is None or not price:
        return None
    return rate * SECONDS_A_YEAR * LIFETIME_YEARS / float(price)


def growth_per_year(models: Sequence[Model]) -> float:
    """Return the factor by which training compute grew each year: a straight line through its log."""
    known = [model for model in models if model.training_flop > 0]
    if len({model.year for model in known}) < 2:
        return math.nan
    years = np.array([model.year for model in known])
    logs = np.log10([model.training_flop for model in known])
    return float(10 ** np.polyfit(years - years.mean(), logs, 1)[0])


def _read_model(row: dict[str, str]) -> Model | None:
    year = _year(_first(row, DATE))
    compute = _number(_first(row, COMPUTE))
    if math.isnan(year) or math.isnan(compute):
        return None
    return Model(_first(row, NAME), year, compute, _number(_first(row, COST)), "Epoch AI")


def _first(row: dict[str, str], names: Iterable[str]) -> str:
    return next((row[name] for name in names if row.get(name)), "")


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) and value > 0 else math.nan


def _year(text: str) -> float:
    parts = text.split("-")
    if not parts[0].isdecimal():
        return math.nan
    month = int(parts[1]) if len(parts) > 1 and parts[1].isdecimal() else 7
    return int(parts[0]) + (month - 1) / 12
