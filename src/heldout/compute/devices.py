"""The table of devices: memory, bandwidth, dense rates, power and prices, a source in every row."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from pathlib import Path

from heldout.errors import BadInput, Problem, Problems, did_you_mean

#: Devices that compute inference only.
INFERENCE_CLASSES = frozenset({"inference", "phone"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One row of the table. Rates are dense, without structured sparsity; unknown is None.

    Attributes:
        device_class: consumer, prosumer, workstation, datacenter, inference, embedded, laptop,
            phone, wafer, cpu.
        memory_gb: As it is sold.
        bandwidth_gbs: Of its memory, 10^9 bytes a second.
        fp32_tflops: 10^12 operations a second outside tensor cores; the other rates likewise.
        rent_usd_h: Dollars an hour on demand; spot and one and three years committed beside it.
        rent_date: When that was the price; a year or a month alone is possible.
        measured: Whether the rates were measured on the machine and are sustained ones.
    """

    id: str
    name: str
    vendor: str
    device_class: str
    arch: str
    launch_year: int
    memory_gb: float
    bandwidth_gbs: float | None
    fp32_tflops: float | None
    tf32_tflops_dense: float | None
    bf16_tflops_dense: float | None
    fp16_tflops_dense: float | None
    fp8_tflops_dense: float | None
    int8_tops_dense: float | None
    tdp_w: float | None
    launch_price_usd: Decimal | None
    street_price_usd: Decimal | None
    street_date: str
    rent_usd_h: Decimal | None
    spot_usd_h: Decimal | None
    year1_usd_h: Decimal | None
    year3_usd_h: Decimal | None
    rent_date: str
    rent_source: str
    source: str
    confidence: str
    note: str = ""
    measured: bool = False

    @property
    def price_usd(self) -> Decimal | None:
        """The street price if one is known, else the price at launch."""
        return self.street_price_usd or self.launch_price_usd

    @property
    def price_date(self) -> str:
        """When `price_usd` was the price."""
        return self.street_date if self.street_price_usd else str(self.launch_year)

    @property
    def trains(self) -> bool:
        """Whether it is a device to train on."""
        return self.device_class not in INFERENCE_CLASSES and bool(self.fp32_tflops or self.rate())

    def rate(self, precision: str = "bf16") -> float | None:
        """Return FLOP/s of matrix products in a format, falling back to the next one it has."""
        ladders = {
            "fp32": (self.fp32_tflops, self.tf32_tflops_dense, self.bf16_tflops_dense),
            "tf32": (self.tf32_tflops_dense, self.fp32_tflops, self.bf16_tflops_dense),
            "bf16": (self.bf16_tflops_dense, self._tensor_fp16(), self.fp32_tflops),
            "fp16": (self._tensor_fp16(), self.bf16_tflops_dense, self.fp32_tflops),
        }
        known = (rate for rate in ladders[precision] if rate)
        return next((rate * 1e12 for rate in known), None)

    def _tensor_fp16(self) -> float | None:
        """The fp16 rate where it is worth having: on Pascal GeForce cards it is slower than fp32."""
        if self.fp16_tflops_dense and self.fp16_tflops_dense >= (self.fp32_tflops or 0):
            return self.fp16_tflops_dense
        return None


@cache
def built_in_devices() -> tuple[Device, ...]:
    """Return the table that comes with Heldout."""
    text = resources.files("heldout.compute").joinpath("data/devices.csv").read_text("utf-8")
    return tuple(read_devices(text, place="devices.csv"))


def load_devices(extra: Path | None = None) -> tuple[Device, ...]:
    """Return the built-in table and the rows of a file of one's own, which replace those of their id.

    Raises:
        BadInput: The file has rows that cannot be read; all of them are listed.
    """
    known = {device.id: device for device in built_in_devices()}
    if extra is not None and extra.exists():
        for device in read_devices(extra.read_text("utf-8"), place=extra.name):
            known[device.id] = device
    return tuple(known.values())


def find_device(id: str, devices: Iterable[Device]) -> Device:
    """Return the device with an id.

    Raises:
        BadInput: There is none; the nearest ids are named.
    """
    known = {device.id: device for device in devices}
    if id not in known:
        remedy = _of_the_kind(id, known) or did_you_mean(id, known)
        remedy = remedy or "list them with: heldout devices"
        raise BadInput([Problem("--device", f'there is no device "{id}"', remedy)])
    return known[id]


def _of_the_kind(id: str, known: Iterable[str]) -> str:
    """Somebody who says h100 means one of several: name them."""
    kin = [name for name in known if id and name.startswith(id.casefold())]
    return f"there are {', '.join(kin)}" if len(kin) > 1 else ""


def read_devices(text: str, *, place: str) -> list[Device]:
    """Read a device table in CSV. Numbers must be positive and finite; prices may be zero.

    Raises:
        BadInput: Some rows cannot be read; all of them are listed.
    """
    problems, devices = Problems(), []
    for number, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        device = _read_row(problems, f"{place} line {number}", row)
        if device is not None:
            devices.append(device)
    problems.refuse_if_any()
    return devices


def write_devices(devices: Iterable[Device]) -> str:
    """Return a device table in CSV."""
    columns = ["class" if name == "device_class" else name for name in _COLUMNS]
    lines = [columns]
    for device in devices:
        values = (getattr(device, name) for name in _COLUMNS)
        lines.append(["" if value is None else str(value) for value in values])
    return "\n".join(",".join(map(_quote, line)) for line in lines) + "\n"


def dated(text: str) -> date | None:
    """Return the last day a date may mean: 2020 is the end of 2020, 2024-03 the end of that March."""
    parts = text.split("-")
    if not all(part.isdecimal() for part in parts) or len(parts) > 3:
        return None
    numbers = [int(part) for part in parts] + [12, 28][len(parts) - 1 :]
    return date(*numbers[:3])


_COLUMNS = tuple(field.name for field in fields(Device))
_MONEY = frozenset(name for name in _COLUMNS if "usd" in name)
_NUMBERS = frozenset(
    name
    for name in _COLUMNS
    if name.endswith(("_gb", "_gbs", "_tflops", "_dense", "_w")) and name not in _MONEY
)


def _read_row(problems: Problems, place: str, row: dict[str, str]) -> Device | None:
    before = len(problems)
    values: dict[str, object] = {}
    for name in _COLUMNS:
        text = (row.get("class" if name == "device_class" else name) or "").strip()
        values[name] = _read_cell(problems, f"{place}, {name}", name, text)
    for name in ("id", "memory_gb", "source"):
        if not values[name]:
            problems.add(f"{place}, {name}", "is empty", "every device needs one")
    return Device(**values) if len(problems) == before else None  # type: ignore[arg-type]


def _read_cell(problems: Problems, place: str, name: str, text: str) -> object:
    if name == "measured":
        return text == "True"
    if name == "launch_year":
        return int(text) if text.isdecimal() else 0
    if name not in _NUMBERS and name not in _MONEY:
        return text
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number < 0 or (number == 0 and name in _NUMBERS):
        problems.add(place, f'"{text}" is not a positive number', "correct it or leave it empty")
        return None
    return Decimal(text) if name in _MONEY else number


def _quote(cell: str) -> str:
    if not set(cell) & set(',"\n'):
        return cell
    escaped = cell.replace('"', '""')
    return f'"{escaped}"'
