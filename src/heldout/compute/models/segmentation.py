"""U-Net (Ronneberger et al. 2015), padded so that the output has the size of the input."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

WIDTHS = (64, 128, 256, 512, 1024)


def double_convolution(fan_in: int, fan_out: int) -> nn.Sequential:
    """Two 3x3 convolutions with batch normalisation."""
    return nn.Sequential(
        *(nn.Conv2d(fan_in, fan_out, 3, padding=1, bias=False), nn.BatchNorm2d(fan_out)),
        nn.ReLU(inplace=True),
        *(nn.Conv2d(fan_out, fan_out, 3, padding=1, bias=False), nn.BatchNorm2d(fan_out)),
        nn.ReLU(inplace=True),
    )


class UNet(nn.Module):
    """Four levels down, four up, with the feature maps of each level handed across."""

    def __init__(
        self, channels: int = 3, classes: int = 2, widths: tuple[int, ...] = WIDTHS
    ) -> None:
        super().__init__()
        fan_in = (channels, *widths[:-1])
        self.down = nn.ModuleList(map(double_convolution, fan_in, widths))
        self.pool = nn.MaxPool2d(2)
        upwards = list(reversed(widths))
        self.enlarge = nn.ModuleList(
            nn.ConvTranspose2d(wide, narrow, 2, stride=2)
            for wide, narrow in itertools.pairwise(upwards)
        )
        self.up = nn.ModuleList(double_convolution(2 * width, width) for width in upwards[1:])
        self.head = nn.Conv2d(widths[0], classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (batch, channels, h, w) to logits (batch, classes, h, w); h, w divide by 16."""
        kept = []
        for level, block in enumerate(self.down):
            x = block(self.pool(x) if level else x)
            kept.append(x)
        kept.pop()
        for enlarge, block in zip(self.enlarge, self.up, strict=True):
            x = block(torch.cat([kept.pop(), enlarge(x)], dim=1))
        out: Tensor = self.head(x)
        return out


def unet() -> UNet:
    """The original widths, for three colours and two classes."""
    return UNet()
