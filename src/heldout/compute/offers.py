"""What GPUs rent for today: offers of clouds, from gpuhunt or from a SkyPilot catalogue, as prices of devices."""

from __future__ import annotations

import csv
import math
import re
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from heldout.compute.devices import Device
from heldout.errors import BadInput, MissingExtra, Problem, Problems

#: Names of GPUs in catalogues, in lower case without separators, to ids of devices, by GB of memory.
CATALOGUE_NAMES: dict[str, dict[int, str]] = {
    "a10": {24: "a10"},
    "a10g": {24: "a10g"},
    "a100": {40: "a100-sxm-40", 80: "a100-sxm-80"},
    "a30": {24: "a30"},
    "a40": {48: "a40"},
    "a6000": {48: "a6000"},
    "b200": {180: "b200", 192: "b200"},
    "h100": {80: "h100-sxm"},
    "h100nvl": {94: "h100-nvl"},
    "h100pcie": {80: "h100-pcie"},
    "h200": {141: "h200-sxm"},
    "k80": {12: "k80"},
    "l4": {24: "l4"},
    "l40s": {48: "l40s"},
    "mi300x": {192: "mi300x"},
    "p100": {16: "p100-pcie-16"},
    "p4": {8: "p4"},
    "rtx3090": {24: "rtx3090"},
    "rtx4090": {24: "rtx4090"},
    "rtx5090": {32: "rtx5090"},
    "rtx6000ada": {48: "rtx6000ada"},
    "rtxa6000": {48: "a6000"},
    "t4": {16: "t4"},
    "v100": {16: "v100-sxm2-16", 32: "v100-sxm2-32"},
}
_SKYPILOT_COLUMNS = ("AcceleratorName", "AcceleratorCount", "Price", "SpotPrice")
_MEMORY_IN_NAME = re.compile(r"-(\d+)GB$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Offer:
    """One kind of machine at one cloud.

    Attributes:
        memory_gb: Of one GPU; None where the catalogue leaves it out.
        usd_per_hour: Of one GPU.
    """

    gpu: str
    memory_gb: float | None
    usd_per_hour: Decimal
    spot: bool


def device_of(offer: Offer) -> str | None:
    """Return the id of the device that an offer rents out; None where the name may mean several."""
    known = CATALOGUE_NAMES.get(re.sub(r"[^a-z0-9]", "", offer.gpu.lower()), {})
    if offer.memory_gb is None:
        return next(iter(known.values())) if len(known) == 1 else None
    nearest = min(known, key=lambda memory: abs(memory - offer.memory_gb), default=None)  # type: ignore[operator]
    if nearest is None or abs(nearest - offer.memory_gb) > 0.1 * nearest:
        return None
    return known[nearest]


def refreshed(
    devices: Iterable[Device], offers: Iterable[Offer], *, source: str, today: date
) -> list[Device]:
    """Return the devices that are on offer, with the median price of their offers.

    The median, because the cheapest offer is often sold out and the dearest nobody takes.
    """
    prices: dict[tuple[str, bool], list[Decimal]] = defaultdict(list)
    for offer in offers:
        device = device_of(offer)
        if device is not None:
            prices[device, offer.spot].append(offer.usd_per_hour)
    return [
        replace(
            device,
            rent_usd_h=_median(prices[device.id, False]),
            spot_usd_h=_median(prices.get((device.id, True), ())) or device.spot_usd_h,
            rent_date=today.isoformat(),
            rent_source=f"median of {len(prices[device.id, False])} offers, {source}",
        )
        for device in devices
        if (device.id, False) in prices
    ]


def read_skypilot(text: str, *, place: str) -> list[Offer]:
    """Read a catalogue that SkyPilot keeps for a cloud (`~/.sky/catalogs/*/CLOUD/vms.csv`).

    Raises:
        BadInput: It is no such catalogue, or has numbers that are none.
    """
    rows = csv.DictReader(text.splitlines())
    lacking = [name for name in _SKYPILOT_COLUMNS if name not in (rows.fieldnames or ())]
    if lacking:
        remedy = "give the vms.csv of a cloud from a SkyPilot catalogue"
        raise BadInput([Problem(place, f"has no column {', '.join(lacking)}", remedy)])
    problems = Problems()
    offers = [
        offer
        for number, row in enumerate(rows, start=2)
        if row["AcceleratorName"]
        for offer in _read_row(row, f"{place} line {number}", problems)
    ]
    problems.refuse_if_any()
    return offers


def _read_row(row: dict[str, str], place: str, problems: Problems) -> Iterator[Offer]:
    name = row["AcceleratorName"]
    memory = _MEMORY_IN_NAME.search(name)
    if memory is None and name.lower() in ("a100", "v100"):
        memory_gb = {"a100": 40.0, "v100": 16.0}[name.lower()]  # SkyPilot names the larger ones.
    else:
        memory_gb = float(memory[1]) if memory else math.nan
    gpu = _MEMORY_IN_NAME.sub("", name)
    count = _read_number(row["AcceleratorCount"], f"{place}, AcceleratorCount", problems)
    for column, spot in (("Price", False), ("SpotPrice", True)):
        price = _read_number(row[column], f"{place}, {column}", problems)
        if price and count:
            each = Decimal(str(price)) / Decimal(str(count))
            yield Offer(gpu, None if math.isnan(memory_gb) else memory_gb, each, spot)


def _read_number(text: str | None, place: str, problems: Problems) -> float | None:
    if not (text or "").strip():
        return None
    try:
        number = float(text or "")
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number < 0:
        problems.add(place, f'"{text}" is not a number of dollars or devices', "correct the row")
        return None
    return number


def query_gpuhunt() -> list[Offer]:
    """Ask gpuhunt for the offers of all clouds it knows; this goes to the network.

    Raises:
        MissingExtra: gpuhunt is not installed.
    """
    try:
        import gpuhunt
    except ImportError as error:
        raise MissingExtra(feature="Today's prices", extra="prices") from error
    return from_gpuhunt(gpuhunt.query(min_gpu_count=1))


def from_gpuhunt(items: Iterable[Any]) -> list[Offer]:
    """Return gpuhunt's catalogue items as offers."""
    return [
        Offer(item.gpu_name, item.gpu_memory, _each(item), item.spot)
        for item in items
        if item.gpu_name and item.gpu_count and item.price > 0
    ]


def _each(item: Any) -> Decimal:
    return Decimal(str(item.price)) / int(item.gpu_count)


def _median(prices: Sequence[Decimal]) -> Decimal | None:
    return round(statistics.median(prices), 4) if prices else None
