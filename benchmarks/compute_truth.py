"""The truth that plans are compared with: real steps under the CPU allocator's eye.

`torch.profiler` reports every allocation and release. The peak over two real steps, the second of
which finds the optimizer's state in place, is what a plan has to predict. Tests use this file too.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass

os.environ.setdefault("KINETO_LOG_LEVEL", "5")

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from heldout.compute.budget import training_budget
from heldout.compute.losses import standard_loss
from heldout.compute.models.language import GPT, gpt2
from heldout.compute.models.perceptron import MLP
from heldout.compute.models.residual import resnet18, resnet50
from heldout.compute.models.segmentation import UNet
from heldout.compute.models.vision_transformer import vit_s_16
from heldout.compute.setup import Input, Precision, TrainingSetup, Variant
from heldout.compute.sources import TracedModel
from heldout.compute.tracing import Recipe, autocast, make_inputs, prepare

SMALL_IMAGE, IMAGE = (Input((3, 64, 64)),), (Input((3, 224, 224)),)
MODELS: dict[str, tuple[Callable[[], nn.Module], tuple[Input, ...]]] = {
    "MLP": (MLP, (Input((784,)),)),
    "ResNet-18": (resnet18, IMAGE),
    "ResNet-50": (resnet50, IMAGE),
    "U-Net": (lambda: UNet(widths=(16, 32, 64, 128, 256)), (Input((3, 128, 128)),)),
    "ViT-S": (vit_s_16, IMAGE),
    "GPT-mini": (
        lambda: GPT(vocabulary=1000, context=128, width=192, depth=6, heads=6),
        (Input((128,), integer=True, classes=1000),),
    ),
    "GPT-2": (gpt2, (Input((128,), integer=True, classes=50257),)),
}
OPTIMIZERS: dict[str, Callable[[Iterable[Tensor]], torch.optim.Optimizer]] = {
    "sgd": lambda weights: torch.optim.SGD(weights, lr=1e-4),
    "momentum": lambda weights: torch.optim.SGD(weights, lr=1e-4, momentum=0.9),
    "adam": lambda weights: torch.optim.Adam(weights, lr=1e-4),
    "adamw": lambda weights: torch.optim.AdamW(weights, lr=1e-4),
}


@dataclass(frozen=True)
class Case:
    """One training set-up."""

    model: str
    batch: int
    optimizer: str
    precision: Precision = Precision.FP32
    checkpointing: bool = False

    @property
    def recipe(self) -> Recipe:
        build, inputs = MODELS[self.model]
        return Recipe(build, inputs, standard_loss, self.precision, self.checkpointing)

    @property
    def setup(self) -> TrainingSetup:
        return TrainingSetup(
            batch=self.batch,
            optimizer=self.optimizer,
            precision=self.precision,
            checkpointing=self.checkpointing,
        )

    def __str__(self) -> str:
        extras = " ckpt" if self.checkpointing else ""
        return f"{self.model} b{self.batch} {self.optimizer} {self.precision}{extras}"


BF16 = Precision.BF16
#: Runs with the tests; one of each kind.
CI_CASES = [
    Case("MLP", 128, "adam"),
    Case("ResNet-18", 2, "sgd"),
    Case("U-Net", 1, "adamw"),
    Case("GPT-mini", 4, "momentum", checkpointing=True),
    Case("GPT-mini", 8, "adamw"),
    Case("GPT-mini", 4, "adam", BF16),
]
ALL_CASES = [
    *CI_CASES,
    Case("MLP", 1, "sgd"),
    Case("MLP", 32, "momentum"),
    Case("MLP", 128, "adamw", BF16),
    Case("ResNet-18", 1, "adam"),
    Case("ResNet-18", 16, "momentum"),
    Case("ResNet-18", 8, "adamw", BF16),
    Case("ResNet-18", 32, "sgd"),
    Case("ResNet-18", 16, "adam", checkpointing=True),
    Case("ResNet-50", 2, "adamw"),
    Case("ResNet-50", 8, "sgd"),
    Case("ResNet-50", 4, "momentum", BF16),
    Case("ResNet-50", 8, "adam", checkpointing=True),
    Case("ResNet-50", 8, "adamw", BF16, checkpointing=True),
    Case("U-Net", 4, "sgd"),
    Case("U-Net", 8, "adam"),
    Case("U-Net", 8, "momentum", BF16),
    Case("U-Net", 16, "adamw", checkpointing=True),
    Case("ViT-S", 1, "adam"),
    Case("ViT-S", 2, "momentum", checkpointing=True),
    Case("ResNet-18", 4, "sgd"),
    Case("ViT-S", 8, "adamw"),
    Case("ViT-S", 4, "sgd", BF16),
    Case("ViT-S", 16, "momentum", checkpointing=True),
    Case("ViT-S", 8, "adamw", BF16, checkpointing=True),
    Case("GPT-mini", 1, "sgd"),
    Case("GPT-mini", 32, "adamw"),
    Case("GPT-mini", 64, "momentum", checkpointing=True),
    Case("GPT-mini", 32, "adamw", BF16, checkpointing=True),
    Case("GPT-2", 1, "sgd"),
    Case("GPT-2", 2, "adamw"),
    Case("GPT-2", 4, "adam", checkpointing=True),
    Case("GPT-2", 2, "adamw", BF16),
]


def predicted_peak(case: Case) -> int:
    """The plan's answer, from traces at batch 2 and 4."""
    source = TracedModel(case.model, case.recipe)
    footprint = source.training(Variant.of(case.setup))
    return training_budget(footprint, case.setup).peak(case.batch).peak_bytes


def measured_peak(case: Case) -> int:
    """The most bytes the CPU allocator had given out at any moment of two real steps."""
    model = prepare(case.recipe).train()
    inputs = make_inputs(case.recipe.inputs, batch=case.batch, precision=case.precision)
    optimizer = OPTIMIZERS[case.optimizer](model.parameters())

    def step() -> None:
        optimizer.zero_grad()
        with autocast(case.precision):
            loss = case.recipe.loss(model(*inputs))
        loss.backward()
        optimizer.step()

    before = {
        tensor.untyped_storage()._cdata: tensor.untyped_storage().nbytes()
        for tensor in (*model.parameters(), *model.buffers(), *inputs)
    }
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        step()
        step()
    return sum(before.values()) + _highest(profiler)


def _highest(profiler: profile) -> int:
    assert profiler.profiler is not None
    kineto = profiler.profiler.kineto_results
    assert kineto is not None
    events = [event for event in kineto.events() if event.name() == "[memory]"]
    live = highest = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        live += event.nbytes()
        highest = max(highest, live)
    return highest
