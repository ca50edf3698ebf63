"""Peak memory of a training set-up, and the largest batch, in closed form over a footprint."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heldout.compute.footprint import PHASES, Footprint, Lines
from heldout.compute.ledger import Category
from heldout.compute.memory import AUTOCAST_RESERVE, RESERVE, Memory, Phase
from heldout.compute.optimizers import find_optimizer
from heldout.compute.setup import Sharding, TrainingSetup
from heldout.compute.weights import Weights

#: DeepSpeed reduces gradients in buckets of 5e8 elements at most; two bytes or four each as they are.
REDUCE_BUCKET_BYTES = 500_000_000


@dataclass(frozen=True, slots=True)
class Budget:
    """Memory over a step as lines in the micro-batch.

    Attributes:
        phases: Index into `PHASES` for each line.
        lines: Bytes by category, shape (lines, categories).
        optimizer: Bytes of optimizer state, the same at all times.
        reserve: As in `Memory`.
    """

    phases: NDArray[np.int64]
    lines: Lines
    optimizer: float
    reserve: float = RESERVE

    def peak(self, micro_batch: float) -> Memory:
        """Return the memory at the highest moment of the step."""
        live = self.lines.at(micro_batch)
        highest = int(live.sum(axis=1).argmax())
        row = live[highest]
        return Memory(
            parameters=math.ceil(row[Category.PARAMETERS]),
            gradients=math.ceil(row[Category.GRADIENTS]),
            optimizer=math.ceil(self.optimizer),
            activations=math.ceil(row[Category.ACTIVATIONS]),
            workspace=math.ceil(row[Category.WORKSPACE]),
            phase=PHASES[self.phases[highest]],
            reserve=self.reserve,
        )

    def largest_batch(self, usable_bytes: float) -> int:
        """Return the largest micro-batch whose peak is at most `usable_bytes`; 0 if there is none."""
        room = usable_bytes - self.optimizer - self.lines.constant.sum(axis=1)
        each = self.lines.slope.sum(axis=1)
        if (room[each <= 0] < 0).any():
            return 0
        growing = each > 0
        limits = np.floor(room[growing] / each[growing] + 1e-9)
        return max(0, int(limits.min())) if limits.size else 0


def training_budget(footprint: Footprint, setup: TrainingSetup, *, on_gpu: bool = False) -> Budget:
    """Return the memory of a training step on one worker.

    Args:
        footprint: A training trace in the set-up's precision, checkpointing and accumulation.
        setup: The optimizer, the sharding and the number of workers.
        on_gpu: Leave out the CPU's scratch memory (a GPU's is reported with its runtime) and update all
            parameters in one call, as torch does there.
    """
    optimizer = find_optimizer(setup.optimizer)
    weights = footprint.weights
    constant, slope = footprint.live.constant.copy(), footprint.live.slope.copy()
    if on_gpu:
        constant[:, Category.WORKSPACE] = slope[:, Category.WORKSPACE] = 0
    state = float(optimizer.state_bytes(weights))
    scratch = float(optimizer.scratch_bytes(weights, all_at_once=on_gpu))
    if setup.offload:
        state = scratch = 0.0
    update = footprint.phases == PHASES.index(Phase.STEP)
    constant[update, Category.WORKSPACE] += scratch
    shares = _shares(setup)
    constant[:, Category.PARAMETERS] *= shares.parameters
    constant[:, Category.GRADIENTS] *= shares.gradients
    if shares.parameters < 1:
        constant[:, Category.PARAMETERS] += weights.gathered_bytes
    constant[:, Category.WORKSPACE] += _bucket_bytes(setup, weights)
    constant[update, Category.WORKSPACE] -= scratch * (1 - shares.optimizer)
    reserve = AUTOCAST_RESERVE if on_gpu and setup.precision.is_autocast else RESERVE
    return Budget(footprint.phases, Lines(constant, slope), state * shares.optimizer, reserve)


def inference_budget(footprint: Footprint, *, on_gpu: bool = False) -> Budget:
    """Return the memory of a forward pass."""
    constant, slope = footprint.live.constant.copy(), footprint.live.slope.copy()
    if on_gpu:
        constant[:, Category.WORKSPACE] = slope[:, Category.WORKSPACE] = 0
    return Budget(footprint.phases, Lines(constant, slope), 0.0)


@dataclass(frozen=True, slots=True)
class _Shares:
    """Which part of each category one worker keeps."""

    parameters: float = 1.0
    gradients: float = 1.0
    optimizer: float = 1.0


def _shares(setup: TrainingSetup) -> _Shares:
    """ZeRO's stages (Rajbhandari et al. 2019): 1 divides the state, 2 gradients too, 3 all."""
    part = 1 / setup.workers
    match setup.sharding:
        case Sharding.ZERO1:
            return _Shares(optimizer=part)
        case Sharding.ZERO2:
            return _Shares(gradients=part, optimizer=part)
        case Sharding.ZERO3 | Sharding.FSDP:
            return _Shares(part, part, part)
        case _:
            return _Shares()


def _bucket_bytes(setup: TrainingSetup, weights: Weights) -> float:
    """DDP copies every gradient into buckets; ZeRO reduces through one bucket of limited size."""
    if setup.workers == 1 or setup.sharding is Sharding.NONE:
        return 0.0
    if setup.sharding is Sharding.DDP:
        return float(weights.trainable_bytes)
    if setup.sharding is Sharding.FSDP:
        return 0.0
    return float(min(weights.trainable_bytes, REDUCE_BUCKET_BYTES))
