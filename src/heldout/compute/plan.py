"""The whole answer: one model, one way to train it, every device."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from heldout.compute.advice import Advice, advise
from heldout.compute.budget import Budget, inference_budget, training_budget
from heldout.compute.costs import Circumstances, run_cost, run_energy
from heldout.compute.devices import Device
from heldout.compute.fitting import Verdict, largest_batch, runs_on_gpu, verdict, with_runtime
from heldout.compute.footprint import Footprint
from heldout.compute.memory import Memory, in_both_units
from heldout.compute.roofline import SCALING_EFFICIENCY, Span, step_seconds
from heldout.compute.setup import Sharding, TrainingSetup, Variant
from heldout.compute.sources import Source

#: A training step costs three forward passes: one forward, two going back.
STEP_OVER_FORWARD = 3


@dataclass(frozen=True, slots=True)
class Run:
    """How much training there is to do.

    Attributes:
        examples: In the data set; None if only a step is planned.
    """

    examples: int | None = None
    epochs: int = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything known about training a model; `to_json` says it."""

    source: Source
    setup: TrainingSetup
    run: Run
    devices: Sequence[Device]
    where: Circumstances
    device: Device | None = None

    @property
    def footprint(self) -> Footprint:
        """The traced training step."""
        return self.source.training(Variant.of(self.setup))

    @property
    def inference(self) -> Footprint:
        """The traced forward pass."""
        return self.source.inference(Variant.of(self.setup))

    @property
    def macs(self) -> int:
        """Multiply-adds of the forward pass of one example."""
        return round(self.inference.operations.total_flops(1) / 2)

    @property
    def target(self) -> Device:
        """The device asked for, or else the one with the most memory to train on."""
        if self.device is not None:
            return self.device
        return max((known for known in self.devices if known.trains), key=lambda it: it.memory_gb)

    def steps(self) -> int | None:
        """Return the optimizer steps of the run; the last one of an epoch may be smaller."""
        if self.run.examples is None:
            return None
        return self.run.epochs * math.ceil(
            self.run.examples / (self.setup.batch * self.setup.workers)
        )

    def memory(self, device: Device | None = None) -> tuple[Memory, Memory]:
        """Return (training, inference of one example); without a device as on the CPU."""
        budgets = self._budgets(device)
        peaks = (budgets[0].peak(self.setup.micro_batch), budgets[1].peak(1))
        if device is None:
            return peaks
        return with_runtime(peaks[0], device), with_runtime(peaks[1], device)

    def advice(self) -> Advice:
        """Return what to change so that it fits on the target device."""
        return advise(self.source, self.setup, self.target, self.devices)

    def fits(self) -> Verdict:
        """Return the verdict for the target device."""
        return verdict(self.memory(self.target)[0], self.target)

    def hours(self, device: Device) -> Span | None:
        """Return the time of the whole run; None without a data set or the device's rates."""
        steps, seconds = self.steps(), step_seconds(self.footprint, self.setup, device)
        if steps is None or seconds is None:
            return None
        sharing = SCALING_EFFICIENCY if self.setup.workers > 1 else 1.0
        return seconds.times(steps / 3600 / sharing)

    def _budgets(self, device: Device | None) -> tuple[Budget, Budget]:
        on_gpu = device is not None and runs_on_gpu(device)
        return (
            training_budget(self.footprint, self.setup, on_gpu=on_gpu),
            inference_budget(self.inference, on_gpu=on_gpu),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain numbers, strings and lists."""
        weights, advice = self.footprint.weights, self.advice()
        return {
            "model": self.source.name,
            "input": [str(one) for one in self.source.inputs],
            "setup": _setup_json(self.setup),
            "parameters": {
                "total": weights.total,
                "trainable": weights.trainable,
                "weights": weights.total - weights.biases,
                "biases": weights.biases,
            },
            "macs": self.macs,
            "flops": self._flops_json(),
            "memory": self._memory_json(),
            "max_batch": self._max_batch(self.target),
            "device": self.target.id,
            "fits": self.fits().value,
            "devices": [self._device_json(device) for device in self.devices if device.trains],
            "energy": run_energy(
                self.target, self.hours(self.target), self.setup.workers, self.where
            ),
            "advice": [step.to_json() for step in advice.steps],
            "launch": advice.launch_files(),
            "uncounted": self.footprint.uncounted,
            "assumptions": self._assumptions(),
        }

    def _flops_json(self) -> dict[str, Any]:
        forward = 2 * self.macs
        step = STEP_OVER_FORWARD * forward * self.setup.batch
        executed = self.footprint.operations.total_flops(self.setup.micro_batch)
        examples = self.run.examples
        return {
            "forward": forward,
            "training_step": step,
            "training_run": None
            if examples is None
            else STEP_OVER_FORWARD * forward * examples * self.run.epochs,
            "executed_step": round(executed * self.setup.accumulation),
        }

    def _memory_json(self) -> dict[str, Any]:
        training, inference = self.memory(self.device)
        return {"training": memory_json(training), "inference": memory_json(inference)}

    def _max_batch(self, device: Device) -> int:
        return largest_batch(self._budgets(device)[0], device)

    def _device_json(self, device: Device) -> dict[str, Any]:
        memory, hours = self.memory(device)[0], self.hours(device)
        seconds = step_seconds(self.footprint, self.setup, device)
        return {
            "id": device.id,
            "name": device.name,
            "fits": verdict(memory, device).value,
            "needed_bytes": memory.total_bytes,
            "memory_gb": device.memory_gb,
            "max_batch": self._max_batch(device),
            "hours": hours and hours._asdict(),
            "hours_per_epoch": hours and hours.times(1 / self.run.epochs)._asdict(),
            "step_seconds": seconds and seconds._asdict(),
            "examples_per_second": seconds and self.setup.batch * self.setup.workers / seconds.mid,
            "cost": run_cost(device, hours, self.setup.workers, self.where),
            "energy": run_energy(device, hours, self.setup.workers, self.where),
            "source": device.source,
            "confidence": device.confidence,
            "note": device.note,
        }

    def _assumptions(self) -> list[str]:
        return [
            "macs and flops.forward are of one example, training_step of one batch; one MAC is two FLOPs.",
            "training_step and training_run count three forward passes (model FLOPs, as MFU does); "
            "executed_step counts what the traced step really runs.",
            "Elementwise operations, normalisation and pooling count no FLOPs; their bytes count in times.",
            f"Memory is validated against the CPU's allocator; peak_bytes leaves the runtime out. "
            f"Peak in training: {in_both_units(self.memory(self.device)[0].peak_bytes)}.",
            "Inference is of one example.",
            "Times are a roofline held to published shares of peak, good to x0.7 to x1.7.",
            *self.footprint.notes,
            *_setup_notes(self.setup, self.footprint),
        ]


def memory_json(memory: Memory) -> dict[str, Any]:
    """Return a memory report under the names of the interface."""
    return {
        "peak_bytes": memory.peak_bytes,
        "parameters": memory.parameters,
        "gradients": memory.gradients,
        "optimizer": memory.optimizer,
        "activations": memory.activations,
        "workspace": memory.workspace,
        "runtime": memory.runtime,
        "phase": memory.phase.value,
    }


def _setup_json(setup: TrainingSetup) -> dict[str, Any]:
    return {
        "batch": setup.batch,
        "optimizer": setup.optimizer,
        "precision": setup.precision.value,
        "checkpointing": setup.checkpointing,
        "accumulation": setup.accumulation,
        "sharding": setup.sharding.value,
        "workers": setup.workers,
        "offload": setup.offload,
    }


def _setup_notes(setup: TrainingSetup, footprint: Footprint) -> list[str]:
    notes = []
    if setup.precision.is_autocast:
        notes.append(
            f"{setup.precision} is autocast: weights stay in fp32 and {setup.precision} copies are cached."
        )
    if setup.workers > 1:
        notes.append(f"{setup.workers:,} workers reach {SCALING_EFFICIENCY:.0%} of ideal speed.")
    elif setup.sharding is not Sharding.NONE:
        notes.append(f"{setup.sharding} divides nothing, for there is one worker.")
    if footprint.uncounted:
        notes.append("Operations under uncounted have no FLOP formula: the totals leave them out.")
    return notes
