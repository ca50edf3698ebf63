"""Vision transformers (Dosovitskiy et al. 2020)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from heldout.compute.models.attention import SelfAttention


class EncoderBlock(nn.Module):
    """Attention and a two-layer perceptron, each normalised first and added to its input."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(width, eps=1e-6)
        self.attention = SelfAttention(width, heads, causal=False)
        self.norm_perceptron = nn.LayerNorm(width, eps=1e-6)
        self.perceptron = nn.Sequential(
            nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, tokens, width) to the same shape."""
        x = x + self.attention(self.norm_attention(x))
        out: Tensor = x + self.perceptron(self.norm_perceptron(x))
        return out


class VisionTransformer(nn.Module):
    """Square patches as tokens, a class token, learned positions, encoder blocks, one linear head."""

    def __init__(
        self, *, size: int, patch: int, width: int, depth: int, heads: int, classes: int = 1000
    ) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, stride=patch)
        self.class_token = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(torch.zeros(1, (size // patch) ** 2 + 1, width))
        self.blocks = nn.Sequential(*(EncoderBlock(width, heads, 4 * width) for _ in range(depth)))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (batch, 3, size, size) to logits (batch, classes)."""
        tokens = self.patches(x).flatten(2).transpose(1, 2)
        first = self.class_token.expand(len(x), -1, -1)
        tokens = torch.cat([first, tokens], dim=1) + self.positions
        out: Tensor = self.head(self.norm(self.blocks(tokens))[:, 0])
        return out


def vit_b_16() -> VisionTransformer:
    """ViT-B/16 for 224x224 images."""
    return VisionTransformer(size=224, patch=16, width=768, depth=12, heads=12)


def vit_s_16() -> VisionTransformer:
    """ViT-S/16 for 224x224 images."""
    return VisionTransformer(size=224, patch=16, width=384, depth=12, heads=6)
