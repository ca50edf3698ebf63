"""What to change so that it fits, in the order of what it costs the user."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from heldout.compute.budget import training_budget
from heldout.compute.devices import Device
from heldout.compute.fitting import Verdict, largest_batch, runs_on_gpu, verdict
from heldout.compute.launching import ray_scaling_config, skypilot_task
from heldout.compute.memory import Memory
from heldout.compute.setup import Precision, Sharding, TrainingSetup, Variant
from heldout.compute.sources import Source
from heldout.errors import BadInput

LEANER_OPTIMIZERS = {"adam": "adamw8bit", "adamw": "adamw8bit", "momentum": "sgd"}
WORKER_COUNTS = (2, 4, 8)


@dataclass(frozen=True, slots=True)
class Step:
    """One rung of the ladder; the changes of the rungs before it stay.

    Attributes:
        change: What to do, as a person would say it.
        options: The same for the command line.
        largest_batch: Largest micro-batch that surely fits with it.
    """

    change: str
    options: str
    setup: TrainingSetup
    device: Device
    memory: Memory
    fits: Verdict
    largest_batch: int

    def to_json(self) -> dict[str, Any]:
        """Return the step as plain data."""
        return {
            "change": self.change,
            "options": self.options,
            "device": self.device.id,
            "fits": self.fits.value,
            "peak_bytes": self.memory.peak_bytes,
            "max_batch": self.largest_batch,
        }


@dataclass(frozen=True, slots=True)
class Advice:
    """The rungs that were tried. Empty if it fits as it is; otherwise the last may be the one that fits."""

    setup: TrainingSetup
    device: Device
    steps: tuple[Step, ...] = ()

    @property
    def outcome(self) -> tuple[TrainingSetup, Device]:
        """The set-up and device to go on with."""
        return (
            (self.steps[-1].setup, self.steps[-1].device)
            if self.steps
            else (self.setup, self.device)
        )

    def launch_files(self) -> dict[str, str]:
        """Return a Ray Train scaling configuration and a SkyPilot task for the outcome."""
        setup, device = self.outcome
        return {
            "ray": ray_scaling_config(device, workers=setup.workers),
            "skypilot": skypilot_task(device, workers=setup.workers),
        }


def advise(
    source: Source, setup: TrainingSetup, device: Device, devices: Sequence[Device]
) -> Advice:
    """Climb the ladder until it surely fits; every rung is traced again where it changes operations."""
    if _judge(source, setup, device)[1] is Verdict.YES:
        return Advice(setup, device)
    steps: list[Step] = []
    for change, options, changed, on in _ladder(source, setup, device, devices):
        try:
            step = _try(source, change, options, changed, on)
        except BadInput:
            continue
        steps.append(step)
        if step.fits is Verdict.YES:
            break
    return Advice(setup, device, tuple(steps))


Rung = tuple[str, str, TrainingSetup, Device]


def _ladder(
    source: Source, setup: TrainingSetup, device: Device, devices: Sequence[Device]
) -> Iterator[Rung]:
    """Yield the rungs, each on top of the ones before."""
    if setup.micro_batch > 1:
        setup = _with_accumulation(source, setup, device)
        yield (
            f"process micro-batches of {setup.micro_batch} and accumulate {setup.accumulation} gradients",
            f"--accumulation {setup.accumulation}",
            setup,
            device,
        )
    if setup.precision in (Precision.FP32, Precision.TF32) and _computes_short(device):
        setup = replace(setup, precision=Precision.BF16)
        yield "compute in bf16 with autocast", "--precision bf16", setup, device
    if not setup.checkpointing:
        setup = replace(setup, checkpointing=True)
        yield "keep only the inputs of blocks (checkpointing)", "--checkpointing", setup, device
    if setup.optimizer in LEANER_OPTIMIZERS:
        leaner = LEANER_OPTIMIZERS[setup.optimizer]
        setup = replace(setup, optimizer=leaner)
        yield f"use the leaner optimizer {leaner}", f"--optimizer {leaner}", setup, device
    for workers in WORKER_COUNTS:
        if workers > setup.workers:
            setup = replace(setup, workers=workers, sharding=Sharding.FSDP)
            options = f"--sharding fsdp --workers {workers}"
            yield f"divide the model among {workers} devices", options, setup, device
    single = replace(setup, workers=1, sharding=Sharding.NONE, offload=True)
    yield "keep the optimizer's state in host memory", "--offload", single, device
    yield from _larger_devices(replace(single, offload=False), device, devices)


def _larger_devices(
    setup: TrainingSetup, device: Device, devices: Sequence[Device]
) -> Iterator[Rung]:
    larger = sorted(
        (other for other in devices if other.trains and other.memory_gb > device.memory_gb),
        key=lambda other: (other.memory_gb, other.id),
    )
    seen = {device.memory_gb}
    for other in larger:
        if other.memory_gb not in seen and other.device_class != "wafer":
            seen.add(other.memory_gb)
            yield (
                f"use a device with more memory: {other.name}",
                f"--device {other.id}",
                setup,
                other,
            )
    if larger:
        most = larger[-1]
        shared = replace(setup, workers=8, sharding=Sharding.FSDP)
        options = f"--device {most.id} --sharding fsdp --workers 8"
        yield f"divide the model among 8 x {most.name}", options, shared, most


def _with_accumulation(source: Source, setup: TrainingSetup, device: Device) -> TrainingSetup:
    """Return the set-up with the largest micro-batch that fits, or one example at a time."""
    trial = replace(setup, accumulation=2)
    budget = training_budget(source.training(Variant.of(trial)), trial, on_gpu=runs_on_gpu(device))
    largest = min(max(1, largest_batch(budget, device)), setup.batch)
    return replace(setup, accumulation=max(2, -(-setup.batch // largest)))


def _computes_short(device: Device) -> bool:
    return bool(device.bf16_tflops_dense) or device.device_class == "cpu"


def _judge(source: Source, setup: TrainingSetup, device: Device) -> tuple[Memory, Verdict, int]:
    footprint = source.training(Variant.of(setup))
    budget = training_budget(footprint, setup, on_gpu=runs_on_gpu(device))
    memory = budget.peak(setup.micro_batch)
    return memory, verdict(memory, device), largest_batch(budget, device)


def _try(source: Source, change: str, options: str, setup: TrainingSetup, device: Device) -> Step:
    memory, fits, largest = _judge(source, setup, device)
    return Step(change, options, setup, device, memory, fits, largest)
