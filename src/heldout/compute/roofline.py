"""How long a step takes: for each operation, the slower of computing and moving bytes."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import NamedTuple

import numpy as np

from heldout.compute.devices import Device
from heldout.compute.footprint import Footprint
from heldout.compute.optimizers import find_optimizer
from heldout.compute.setup import Precision, TrainingSetup

RANGE = (0.7, 1.7)
#: A kernel cannot be started faster than this; eager mode starts one for each operation.
LAUNCH_SECONDS = 5e-6
#: Where no published run is known for an architecture.
ASSUMED_MFU = 0.3
#: What more workers lose to talking to each other; depends on the network, which is not known here.
SCALING_EFFICIENCY = 0.9


class Span(NamedTuple):
    """A figure with the range it is believed to lie in."""

    low: float
    mid: float
    high: float

    def times(self, factor: float) -> Span:
        """Return the span multiplied by a factor."""
        return Span(self.low * factor, self.mid * factor, self.high * factor)


@dataclass(frozen=True, slots=True)
class Efficiency:
    """A published training run: the share of peak FLOP/s that its model FLOPs reached (MFU)."""

    arch: str
    mfu: float
    run: str
    source: str


@cache
def efficiencies() -> dict[str, Efficiency]:
    """Return the published runs by architecture."""
    text = resources.files("heldout.compute").joinpath("data/efficiency.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return {
        row["arch"]: Efficiency(row["arch"], float(row["mfu"]), row["run"], row["source"])
        for row in rows
    }


def step_seconds(footprint: Footprint, setup: TrainingSetup, device: Device) -> Span | None:
    """Return the time of one optimizer step of one worker; None where the device's rates are unknown.

    The roofline gives the best case of each operation. On devices that were not measured, the whole step
    is also held to the share of peak that the best published runs on the architecture reached.
    """
    micro = roofline_seconds(footprint, setup.micro_batch, device, setup.precision)
    rate = device.rate(setup.precision.compute)
    if micro is None or rate is None:
        return None
    if not device.measured:
        known = efficiencies().get(device.arch)
        mfu = known.mfu if known else ASSUMED_MFU
        micro = max(micro, footprint.operations.total_flops(setup.micro_batch) / (mfu * rate))
    seconds = micro * setup.accumulation + _update_seconds(footprint, setup, device)
    low, high = RANGE
    return Span(low * seconds, seconds, high * seconds)


def roofline_seconds(
    footprint: Footprint, batch: float, device: Device, precision: Precision
) -> float | None:
    """Return the sum over operations of max(FLOPs / peak, bytes / bandwidth)."""
    long_rate = device.rate("tf32" if precision is Precision.TF32 else "fp32")
    short_rate = device.rate("fp16" if precision.compute == "fp16" else "bf16")
    if long_rate is None or short_rate is None or device.bandwidth_gbs is None:
        return None
    operations = footprint.operations
    peak = np.where(operations.short, short_rate, long_rate)
    computing = operations.flops.at(batch) / peak
    moving = operations.bytes.at(batch) / (device.bandwidth_gbs * 1e9)
    each = np.maximum(np.maximum(computing, moving), LAUNCH_SECONDS)
    return float((each * operations.count).sum())


def _update_seconds(footprint: Footprint, setup: TrainingSetup, device: Device) -> float:
    """Read weights, gradients and state, write weights and state."""
    assert device.bandwidth_gbs is not None
    weights = footprint.weights
    state = find_optimizer(setup.optimizer).state_bytes(weights)
    return (3 * weights.trainable_bytes + 2 * state) / (device.bandwidth_gbs * 1e9)
