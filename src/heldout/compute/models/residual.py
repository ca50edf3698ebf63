"""Residual networks (He et al. 2015), with the stride on the 3x3 convolution of a bottleneck."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn


def convolution(fan_in: int, fan_out: int, size: int, stride: int = 1) -> nn.Conv2d:
    """A convolution without bias that keeps the image size at stride 1."""
    return nn.Conv2d(fan_in, fan_out, size, stride=stride, padding=size // 2, bias=False)


class Residual(nn.Module):
    """A branch added to its input; the input is projected where the shape changes."""

    def __init__(self, branch: nn.Sequential, shortcut: nn.Module) -> None:
        super().__init__()
        self.branch = branch
        self.shortcut = shortcut
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, channels, height, width) to the next feature map."""
        out: Tensor = self.branch(x)
        out += self.shortcut(x)
        activated: Tensor = self.relu(out)
        return activated


def basic_block(fan_in: int, width: int, stride: int) -> Residual:
    """Two 3x3 convolutions."""
    branch = nn.Sequential(
        *(convolution(fan_in, width, 3, stride), nn.BatchNorm2d(width), nn.ReLU(inplace=True)),
        *(convolution(width, width, 3), nn.BatchNorm2d(width)),
    )
    return Residual(branch, _shortcut(fan_in, width, stride))


def bottleneck(fan_in: int, width: int, stride: int) -> Residual:
    """1x1, 3x3 and 1x1 convolutions; the output is four times as wide."""
    branch = nn.Sequential(
        *(convolution(fan_in, width, 1), nn.BatchNorm2d(width), nn.ReLU(inplace=True)),
        *(convolution(width, width, 3, stride), nn.BatchNorm2d(width), nn.ReLU(inplace=True)),
        *(convolution(width, 4 * width, 1), nn.BatchNorm2d(4 * width)),
    )
    return Residual(branch, _shortcut(fan_in, 4 * width, stride))


def _shortcut(fan_in: int, fan_out: int, stride: int) -> nn.Module:
    if stride == 1 and fan_in == fan_out:
        return nn.Identity()
    return nn.Sequential(convolution(fan_in, fan_out, 1, stride), nn.BatchNorm2d(fan_out))


class ResNet(nn.Module):
    """A stem, four stages of residual blocks, a mean over the image and one linear layer."""

    def __init__(self, depths: Sequence[int], *, wide: bool, classes: int = 1000) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            convolution(3, 64, 7, stride=2),
            *(nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, padding=1)),
        )
        block, expansion = (bottleneck, 4) if wide else (basic_block, 1)
        blocks, channels = [], 64
        for stage, depth in enumerate(depths):
            width = 64 * 2**stage
            for position in range(depth):
                stride = 2 if stage > 0 and position == 0 else 1
                blocks.append(block(channels, width, stride))
                channels = width * expansion
        self.blocks = nn.Sequential(*blocks)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (batch, 3, height, width) to logits (batch, classes)."""
        out: Tensor = self.head(self.pool(self.blocks(self.stem(x))).flatten(1))
        return out


def resnet18(classes: int = 1000) -> ResNet:
    """ResNet-18."""
    return ResNet((2, 2, 2, 2), wide=False, classes=classes)


def resnet50(classes: int = 1000) -> ResNet:
    """ResNet-50."""
    return ResNet((3, 4, 6, 3), wide=True, classes=classes)


def resnet152(classes: int = 1000) -> ResNet:
    """ResNet-152."""
    return ResNet((3, 8, 36, 3), wide=True, classes=classes)
