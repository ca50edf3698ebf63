"""A ten-second probe that writes this machine as a row of the device table."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Callable
from dataclasses import fields
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from heldout.compute.devices import Device

if TYPE_CHECKING:
    import torch

MACHINE_ID = "this-machine"
SECONDS_EACH = 1.5

Workload = tuple[float, Callable[[], object]]
Clock = Callable[[], float]


def calibrate(
    *, today: date, seconds_each: float = SECONDS_EACH, clock: Clock = perf_counter
) -> Device:
    """Measure this machine's sustained rates: its first CUDA device if there is one, else its CPU.

    Args:
        today: Written into the row.
        seconds_each: Time for each of the five measurements.
        clock: Seconds; CPU time instead of the wall's leaves out what others do on the machine.
    """
    import torch

    place = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    rates = {
        name: _mean_rate(_workloads(place, kind), place, seconds_each, clock)
        for name, kind in (("fp32", torch.float32), ("bf16", torch.bfloat16))
    }
    values: dict[str, Any] = dict.fromkeys((field.name for field in fields(Device)), None)
    values |= dict.fromkeys(("street_date", "rent_date", "rent_source"), "")
    values |= _identity(place)
    return Device(
        **values
        | {
            "launch_year": today.year,
            "bandwidth_gbs": round(_bandwidth(place, seconds_each, clock) / 1e9, 2),
            "fp32_tflops": round(rates["fp32"] / 1e12, 4),
            "bf16_tflops_dense": round(rates["bf16"] / 1e12, 4),
            "source": f"measured by heldout plan --calibrate on {today.isoformat()}",
            "confidence": "high",
            "note": f"sustained rates with {torch.get_num_threads()} threads",
            "measured": True,
        }
    )


def _workloads(place: torch.device, kind: torch.dtype) -> list[Workload]:
    """Return (FLOPs, call) of a matrix product and of a convolution as networks have them."""
    import torch
    from torch.nn import functional

    left = torch.ones(768, 768, device=place, dtype=kind)
    images = torch.ones(8, 64, 56, 56, device=place, dtype=kind)
    kernels = torch.ones(64, 64, 3, 3, device=place, dtype=kind)
    return [
        (2 * 768**3, lambda: left @ left),
        (2 * images.numel() * 64 * 9, lambda: functional.conv2d(images, kernels, padding=1)),
    ]


def _mean_rate(
    workloads: list[Workload], place: torch.device, seconds: float, clock: Clock
) -> float:
    """Return the harmonic mean: the rate of doing equal parts of each."""
    return statistics.harmonic_mean(
        [flops / _median_seconds(call, place, seconds, clock) for flops, call in workloads]
    )


def _bandwidth(place: torch.device, seconds: float, clock: Clock) -> float:
    """Return bytes a second of adding two arrays far larger than the caches."""
    import torch

    left, right = (torch.ones(2**24, device=place) for _ in range(2))
    return 3 * left.nbytes / _median_seconds(lambda: left + right, place, seconds, clock)


def _median_seconds(
    call: Callable[[], object], place: torch.device, seconds: float, clock: Clock
) -> float:
    call()
    times: list[float] = []
    end = clock() + seconds
    while clock() < end or len(times) < 3:
        start = clock()
        call()
        if place.type == "cuda":
            _wait_for_gpu()
        times.append(clock() - start)
    return statistics.median(times)


def _wait_for_gpu() -> None:
    import torch

    torch.cuda.synchronize()


def _identity(place: torch.device) -> dict[str, object]:
    import torch

    if place.type == "cuda":
        known = torch.cuda.get_device_properties(place)
        names = {"name": known.name, "vendor": "", "arch": "", "device_class": "datacenter"}
        return {"id": MACHINE_ID, "memory_gb": round(known.total_memory / 1e9, 2), **names}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "id": MACHINE_ID,
        "name": _processor_name(),
        "vendor": "",
        "arch": platform.machine(),
        "device_class": "cpu",
        "memory_gb": round(memory / 1e9, 2),
    }


def _processor_name() -> str:
    """Linux says it in a file; elsewhere the platform module has to do."""
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
