"""Does it fit? What a device takes for itself, and a verdict that knows how sure it is."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from heldout.compute.budget import Budget
from heldout.compute.devices import Device
from heldout.compute.memory import GB, GIB, Memory

#: Bytes taken before the model: driver context, kernels, library workspaces. Assumed by class; on
#: devices that share their memory with an operating system, that too.
RUNTIME_GB = {
    "cpu": 0.25,
    "datacenter": 0.6,
    "workstation": 0.6,
    "prosumer": 0.6,
    "consumer": 0.6,
    "wafer": 0.0,
}
SHARED_MEMORY_SHARE = {"laptop": 0.25, "embedded": 0.25, "phone": 0.5}


class Verdict(StrEnum):
    """Whether a model fits on a device."""

    YES = "yes"
    UNCERTAIN = "uncertain"
    NO = "no"


def runs_on_gpu(device: Device) -> bool:
    """Return whether torch updates all parameters in one call there."""
    return device.device_class != "cpu"


def runtime_bytes(device: Device) -> int:
    """Return what the device takes for itself, apart from the model and the reserve."""
    if device.device_class in SHARED_MEMORY_SHARE:
        return round(SHARED_MEMORY_SHARE[device.device_class] * device.memory_gb * GB)
    return round(RUNTIME_GB.get(device.device_class, 0.6) * GB)


def with_runtime(memory: Memory, device: Device) -> Memory:
    """Return a memory report with the device's own share in it."""
    return replace(memory, runtime=runtime_bytes(device))


def verdict(memory: Memory, device: Device) -> Verdict:
    """Say whether a peak fits on a device.

    Yes: it fits in as many GB as are sold, with the reserve. No: it does not even fit if the seller's
    GB are GiB and nothing is lost. In between nobody knows without trying.
    """
    needed = memory.peak_bytes + runtime_bytes(device)
    with_reserve = needed + memory.reserve * memory.peak_bytes
    if with_reserve <= device.memory_gb * GB:
        return Verdict.YES
    return Verdict.NO if needed > device.memory_gb * GIB else Verdict.UNCERTAIN


def largest_batch(budget: Budget, device: Device) -> int:
    """Return the largest micro-batch for which the verdict is yes."""
    room = device.memory_gb * GB - runtime_bytes(device)
    return budget.largest_batch(room / (1 + budget.reserve))
