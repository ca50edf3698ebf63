"""Electricity and carbon dioxide of a run."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

from heldout.errors import BadInput, Problem, did_you_mean

HOURS_A_YEAR = 8760
DEFAULT_PUE = 1.5


@dataclass(frozen=True, slots=True)
class Grid:
    """The carbon intensity of the electricity of a country or a cloud region.

    Attributes:
        grams_per_kwh: Grams of CO2 equivalent for one kWh consumed.
        year: The year the figure is an average of.
    """

    id: str
    name: str
    grams_per_kwh: float
    year: int
    source: str


def energy_kwh(
    *, watts: float, hours: float, load: float = 1.0, pue: float = 1.0, devices: int = 1
) -> float:
    """Return the electricity of a run: power x load x hours x PUE, for all devices.

    Args:
        watts: Power of one device at full load.
        hours: Wall-clock hours.
        load: Mean share of that power that is drawn, 0 to 1.
        pue: Power usage effectiveness of the building: total power over the power of the computers.
        devices: How many devices run at the same time.
    """
    return watts / 1000 * load * hours * pue * devices


def mean_watts(*, kwh: float, hours: float = HOURS_A_YEAR) -> float:
    """Return the constant power that uses `kwh` in `hours`."""
    return 1000 * kwh / hours


def co2_kg(*, kwh: float, grid: Grid) -> float:
    """Return the kilograms of CO2 equivalent emitted for `kwh` taken from a grid."""
    return kwh * grid.grams_per_kwh / 1000


@cache
def grids() -> dict[str, Grid]:
    """Return all grids by id: ISO country codes, and cloud regions as provider:region."""
    text = resources.files("heldout.compute").joinpath("data/grids.csv").read_text("utf-8")
    return {row["id"]: _read_grid(row) for row in csv.DictReader(text.splitlines())}


def find_grid(id: str) -> Grid:
    """Return a grid by country code or cloud region.

    Raises:
        BadInput: There is no such grid.
    """
    known = grids()
    if id not in known:
        remedy = did_you_mean(id, known) or "use a country code such as DE, or WORLD"
        raise BadInput([Problem("--grid", f'no carbon intensity is known for "{id}"', remedy)])
    return known[id]


def _read_grid(row: dict[str, str]) -> Grid:
    return Grid(
        id=row["id"],
        name=row["name"],
        grams_per_kwh=float(row["grams_per_kwh"]),
        year=int(row["year"]),
        source=row["source"],
    )
