"""Counts and bytes of a model's parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heldout.compute.checkpointing import repeated_blocks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Weights:
    """Counts and bytes of a model's parameters.

    Attributes:
        total: Number of parameters; tied ones count once.
        trainable: Those that are not frozen.
        biases: Those in vectors named "bias".
        trainable_bytes: Bytes of the trainable ones.
        tensors: Number of trainable tensors.
        largest_bytes: Size of the largest trainable one.
        factored_elements: Row and column sums over the trainable matrices, and the elements of vectors:
            what a factored optimizer keeps.
        gathered_bytes: What is whole at the same time when parameters are sharded by block: everything
            outside the blocks and two blocks.
    """

    total: int
    trainable: int = 0
    biases: int = 0
    trainable_bytes: int = 0
    tensors: int = 0
    largest_bytes: int = 0
    factored_elements: int = 0
    gathered_bytes: int = 0


def measure_weights(model: nn.Module) -> Weights:
    """Count the parameters of a model."""
    every = list(model.parameters())
    trainable = [parameter for parameter in every if parameter.requires_grad]
    return Weights(
        total=sum(parameter.numel() for parameter in every),
        trainable=sum(parameter.numel() for parameter in trainable),
        biases=sum(
            parameter.numel()
            for name, parameter in model.named_parameters()
            if name.endswith("bias")
        ),
        trainable_bytes=_bytes(trainable),
        tensors=len(trainable),
        largest_bytes=max((_bytes([parameter]) for parameter in trainable), default=0),
        factored_elements=sum(map(_factored, trainable)),
        gathered_bytes=_gathered(model),
    )


def _bytes(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _factored(parameter: Tensor) -> int:
    """Rows and columns of the last two dimensions, for each matrix; a vector is kept whole."""
    if parameter.dim() < 2:
        return parameter.numel()
    return math.prod(parameter.shape[:-2]) * sum(parameter.shape[-2:])


def _gathered(model: nn.Module) -> int:
    blocks = [_bytes(block.parameters()) for block in repeated_blocks(model)]
    outside = _bytes(model.parameters()) - sum(blocks)
    return outside + 2 * max(blocks, default=0)
