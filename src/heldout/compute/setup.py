"""How a model is to be trained: everything that changes memory, time or cost."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Precision(StrEnum):
    """The number formats of weights and of matrix products.

    With `BF16` and `FP16` the weights stay in fp32 and autocast computes in, and caches copies in, the
    shorter format. With `BF16_WEIGHTS` and `FP16_WEIGHTS` the weights themselves, their gradients and
    the optimizer state are short.
    """

    FP32 = "fp32"
    TF32 = "tf32"
    BF16 = "bf16"
    FP16 = "fp16"
    BF16_WEIGHTS = "bf16-weights"
    FP16_WEIGHTS = "fp16-weights"

    @property
    def is_autocast(self) -> bool:
        """Whether fp32 weights are cast as they are used."""
        return self in (Precision.BF16, Precision.FP16)

    @property
    def has_short_weights(self) -> bool:
        """Whether the weights themselves take two bytes each."""
        return self in (Precision.BF16_WEIGHTS, Precision.FP16_WEIGHTS)

    @property
    def compute(self) -> str:
        """The format of matrix products: fp32, tf32, bf16 or fp16."""
        return self.value.removesuffix("-weights")


class Sharding(StrEnum):
    """What the workers of a data-parallel group divide among themselves."""

    NONE = "none"
    DDP = "ddp"
    ZERO1 = "zero1"
    ZERO2 = "zero2"
    ZERO3 = "zero3"
    FSDP = "fsdp"


@dataclass(frozen=True, slots=True)
class Input:
    """One argument of a model.

    Attributes:
        shape: Without the batch dimension.
        integer: Whether it holds ids (int64) rather than numbers.
        classes: Ids run below this.
    """

    shape: tuple[int, ...]
    integer: bool = False
    classes: int = 2

    def __str__(self) -> str:
        text = "x".join(map(str, self.shape)) or "scalar"
        return f"{text}:int" if self.integer else text


@dataclass(frozen=True, slots=True)
class TrainingSetup:
    """One way of training a model.

    Attributes:
        batch: Examples in one optimizer step on one worker.
        accumulation: In how many micro-batches that batch is processed.
        checkpointing: Whether blocks keep their input only and compute again going back.
        workers: Devices that work on copies or shards of the model.
        offload: Whether the optimizer state lies in the memory of the host.
    """

    batch: int = 1
    optimizer: str = "adamw"
    precision: Precision = Precision.FP32
    checkpointing: bool = False
    accumulation: int = 1
    sharding: Sharding = Sharding.NONE
    workers: int = 1
    offload: bool = False

    @property
    def micro_batch(self) -> int:
        """Examples that are in memory at the same time on one worker."""
        return -(-self.batch // self.accumulation)


class Variant(NamedTuple):
    """What changes the operations of a step, so that it has to be traced again."""

    precision: Precision = Precision.FP32
    checkpointing: bool = False
    accumulating: bool = False

    @classmethod
    def of(cls, setup: TrainingSetup) -> Variant:
        """Return the variant a set-up needs. tf32 computes in other units, with the same bytes."""
        precision = setup.precision
        if precision is Precision.TF32:
            precision = Precision.FP32
        return cls(precision, setup.checkpointing, setup.accumulation > 1)
