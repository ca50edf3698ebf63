"""Roofline times of this machine after calibration against real training steps.

Both in CPU seconds of one thread: what else runs on the machine then matters little.
"""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime

import torch

from benchmarks.compute_truth import OPTIMIZERS, Case
from heldout.compute.calibration import calibrate
from heldout.compute.devices import Device
from heldout.compute.roofline import step_seconds
from heldout.compute.setup import Precision, Variant
from heldout.compute.sources import TracedModel
from heldout.compute.tracing import autocast, make_inputs, prepare

CASES = [
    Case("MLP", 128, "sgd"),
    Case("ResNet-18", 4, "sgd"),
    Case("ResNet-18", 8, "momentum"),
    Case("ResNet-50", 4, "sgd"),
    Case("U-Net", 4, "sgd"),
    Case("U-Net", 4, "sgd", checkpointing=True),
    Case("ViT-S", 4, "sgd"),
    Case("ViT-S", 4, "sgd", Precision.BF16),
    Case("GPT-mini", 16, "adamw"),
    Case("GPT-2", 2, "sgd"),
]


def main() -> None:
    torch.set_num_threads(1)
    device = calibrate(today=datetime.now(tz=UTC).date(), clock=time.process_time)
    print(
        f"calibrated: {device.fp32_tflops} TFLOPS fp32, {device.bf16_tflops_dense} bf16, "
        f"{device.bandwidth_gbs} GB/s"
    )
    inside = [compare(case, device) for case in CASES]
    print(f"{sum(inside)} of {len(inside)} within the stated range")


def compare(case: Case, device: Device) -> bool:
    source = TracedModel(case.model, case.recipe)
    predicted = step_seconds(source.training(Variant.of(case.setup)), case.setup, device)
    assert predicted is not None
    real = measured_seconds(case)
    inside = predicted.low <= real <= predicted.high
    print(
        f"{case!s:36} {predicted.low:7.3f} to {predicted.high:7.3f} s, real {real:7.3f} s "
        f"{'' if inside else '  outside'}",
        flush=True,
    )
    return inside


def measured_seconds(case: Case) -> float:
    model = prepare(case.recipe).train()
    inputs = make_inputs(case.recipe.inputs, batch=case.batch, precision=case.precision)
    optimizer = OPTIMIZERS[case.optimizer](model.parameters())

    def step() -> float:
        start = time.process_time()
        optimizer.zero_grad()
        with autocast(case.precision):
            loss = case.recipe.loss(model(*inputs))
        loss.backward()
        optimizer.step()
        return time.process_time() - start

    step()
    return statistics.median(step() for _ in range(5))


if __name__ == "__main__":
    main()
