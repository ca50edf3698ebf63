"""What a run costs on a device: rent in all its forms, or electricity and the break-even of buying."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from heldout.compute.devices import Device, dated
from heldout.compute.energy import Grid, co2_kg, energy_kwh
from heldout.compute.money import Purchase, break_even_hours, cents, is_stale
from heldout.compute.roofline import Span

USUAL_LOAD = 0.8


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Where and how a run takes place.

    Attributes:
        electricity: Dollars a kWh.
        load: Mean share of its rated power that a device draws while training.
        pue: Total power of the building over that of its computers.
        utilisation: Share of the time a bought device would work.
        resale: Share of its price that a bought device fetches afterwards.
        today: For the age of prices.
    """

    grid: Grid
    today: date
    electricity: Decimal = Decimal("0.17")
    load: float = USUAL_LOAD
    pue: float = 1.5
    utilisation: Decimal = Decimal(1)
    resale: Decimal = Decimal(0)


def run_cost(
    device: Device, hours: Span | None, workers: int, where: Circumstances
) -> dict[str, Any]:
    """Return the cost of renting `workers` devices for a run, or of buying them; unknown is None."""
    return {
        "rent": _rent(device, hours, workers, where.today),
        "buy": _purchase(device, workers, where),
    }


def run_energy(
    device: Device, hours: Span | None, workers: int, where: Circumstances
) -> dict[str, Any] | None:
    """Return kWh and CO2 of a run; None where power or time is unknown."""
    if hours is None or device.tdp_w is None:
        return None
    kwh = hours.times(
        energy_kwh(watts=device.tdp_w, hours=1, load=where.load, pue=where.pue, devices=workers)
    )
    return {
        "kwh": kwh._asdict(),
        "co2_kg": Span(*(co2_kg(kwh=value, grid=where.grid) for value in kwh))._asdict(),
        "electricity_usd": float(cents(Decimal(kwh.mid) * where.electricity)),
        "watts": device.tdp_w,
        "load": where.load,
        "pue": where.pue,
        "grid": {"id": where.grid.id, "grams_per_kwh": where.grid.grams_per_kwh},
    }


def _rent(device: Device, hours: Span | None, workers: int, today: date) -> dict[str, Any] | None:
    rates = {
        "on_demand": device.rent_usd_h,
        "spot": device.spot_usd_h,
        "one_year": device.year1_usd_h,
        "three_years": device.year3_usd_h,
    }
    known = {name: rate for name, rate in rates.items() if rate is not None}
    if not known:
        return None
    return {
        "usd_per_hour": {name: float(rate) for name, rate in known.items()},
        "usd": {name: _rental(rate, hours, workers) for name, rate in known.items()},
        "source": device.rent_source,
        "date": device.rent_date,
        "stale": is_stale(dated(device.rent_date), today=today),
    }


def _rental(rate: Decimal, hours: Span | None, workers: int) -> dict[str, float] | None:
    if hours is None:
        return None
    low, mid, high = (float(cents(Decimal(value) * rate * workers)) for value in hours)
    return Span(low, mid, high)._asdict()


def _purchase(device: Device, workers: int, where: Circumstances) -> dict[str, Any] | None:
    if device.price_usd is None:
        return None
    purchase = Purchase(
        price=device.price_usd,
        watts=Decimal(str((device.tdp_w or 0) * where.load)),
        electricity=where.electricity,
        resale=device.price_usd * where.resale,
        utilisation=where.utilisation,
        pue=Decimal(str(where.pue)),
    )
    even = device.rent_usd_h and break_even_hours(purchase, hourly=device.rent_usd_h)
    return {
        "usd": float(device.price_usd * workers),
        "break_even_hours": float(even) if even else None,
        "source": device.source,
        "date": device.price_date,
        "stale": is_stale(dated(device.price_date), today=where.today),
    }
