"""A plan from three numbers: the lectures' formula against the table of devices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from heldout.compute.devices import Device
from heldout.compute.fitting import Verdict, runtime_bytes, verdict, with_runtime
from heldout.compute.formula import Estimate
from heldout.compute.memory import GB, RESERVE, Memory, in_both_units
from heldout.compute.plan import memory_json


@dataclass(frozen=True, slots=True)
class FormulaPlan:
    """The formula for one batch size; `to_json` has the keys of a traced plan, null where unknown."""

    estimate: Estimate
    batch: int
    devices: Sequence[Device]
    device: Device | None = None

    @property
    def target(self) -> Device:
        """The device asked for, or else the one with the most memory to train on."""
        if self.device is not None:
            return self.device
        return max((known for known in self.devices if known.trains), key=lambda it: it.memory_gb)

    def memory(self, device: Device | None = None) -> tuple[Memory, Memory]:
        """Return (training, inference of one example)."""
        peaks = self.estimate.training(self.batch), self.estimate.inference()
        if device is None:
            return peaks
        return with_runtime(peaks[0], device), with_runtime(peaks[1], device)

    def fits(self) -> Verdict:
        """Return the verdict for the target device."""
        return verdict(self.memory()[0], self.target)

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain numbers, strings and lists."""
        training, inference = self.memory(self.device)
        total = self.estimate.parameters
        return {
            "model": "formula",
            "setup": {"batch": self.batch},
            "parameters": {"total": total, "trainable": total},
            "macs": None,
            "flops": {"forward": None, "training_step": None, "training_run": None},
            "memory": {"training": memory_json(training), "inference": memory_json(inference)},
            "max_batch": self._largest_batch(self.target),
            "device": self.target.id,
            "fits": self.fits().value,
            "devices": [self._device_json(device) for device in self.devices if device.trains],
            "energy": None,
            "advice": [],
            "uncounted": {},
            "assumptions": self._assumptions(),
        }

    def _largest_batch(self, device: Device) -> int:
        room = device.memory_gb * GB - runtime_bytes(device)
        return self.estimate.largest_batch(int(room / (1 + RESERVE)))

    def _device_json(self, device: Device) -> dict[str, Any]:
        memory = self.memory(device)[0]
        return {
            "id": device.id,
            "name": device.name,
            "fits": verdict(memory, device).value,
            "needed_bytes": memory.total_bytes,
            "memory_gb": device.memory_gb,
            "max_batch": self._largest_batch(device),
            "hours": None,
            "cost": None,
            "source": device.source,
            "confidence": device.confidence,
            "note": device.note,
        }

    def _assumptions(self) -> list[str]:
        training, inference = self.memory()
        forgotten = self.estimate.inference_without_float_size()
        return [
            f"training = 3 x 4 x P + B x (2 x 4 x A + I) = {in_both_units(training.peak_bytes)}",
            f"inference = 4 x P + I = {in_both_units(inference.peak_bytes)}, for one example",
            f"P + I = {forgotten / 1e6:,.0f} MB, a figure seen in lectures, drops the four bytes of a "
            "float: it counts parameters as if they were bytes",
            "the formula keeps one optimizer state and knows no workspace; trace a model for more",
        ]
