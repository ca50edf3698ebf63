"""Fully connected networks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

MNIST_WIDTHS = (784, 256, 256, 10)


class MLP(nn.Module):
    """Linear layers with ReLU between them; `widths` counts the inputs and the outputs too."""

    def __init__(self, widths: Sequence[int] = MNIST_WIDTHS) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Flatten()]
        for fan_in, fan_out in pairwise(widths):
            layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, …) to (batch, widths[-1])."""
        out: Tensor = self.layers(x)
        return out
