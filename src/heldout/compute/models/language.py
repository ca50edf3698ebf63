"""Decoder-only language models: GPT-2 (Radford et al. 2019) and Llama (Touvron et al. 2023)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from heldout.compute.models.attention import SelfAttention


class GPTBlock(nn.Module):
    """Causal attention and a two-layer perceptron, each normalised first and added to its input."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads, causal=True)
        self.norm_perceptron = nn.LayerNorm(width)
        self.perceptron = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"), nn.Linear(4 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, tokens, width) to the same shape."""
        x = x + self.attention(self.norm_attention(x))
        out: Tensor = x + self.perceptron(self.norm_perceptron(x))
        return out


class GPT(nn.Module):
    """Token and position embeddings, blocks, and a head that shares the token embedding."""

    def __init__(
        self, *, vocabulary: int, context: int, width: int, depth: int, heads: int
    ) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(context, width)
        self.blocks = nn.Sequential(*(GPTBlock(width, heads) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, ids: Tensor) -> Tensor:
        """Map token ids (batch, tokens) to logits (batch, tokens, vocabulary)."""
        places = torch.arange(ids.shape[1], device=ids.device)
        out: Tensor = self.head(self.norm(self.blocks(self.tokens(ids) + self.positions(places))))
        return out


def gpt2() -> GPT:
    """GPT-2 small, without dropout."""
    return GPT(vocabulary=50257, context=1024, width=768, depth=12, heads=12)


class RotaryAttention(nn.Module):
    """Causal self-attention with rotary position embedding and no biases."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (
            nn.Linear(width, width, bias=False) for _ in range(4)
        )

    def forward(self, x: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
        """Map (batch, tokens, width) to the same shape; `rotation` is (cosines, sines)."""
        batch, tokens, width = x.shape
        query, key, value = (
            layer(x).view(batch, tokens, self.heads, width // self.heads).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        mixed = functional.scaled_dot_product_attention(
            rotate(query, rotation), rotate(key, rotation), value, is_causal=True
        )
        out: Tensor = self.out(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return out


def rotate(x: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    """Turn pairs of channels by an angle that grows with the position."""
    cosine, sine = rotation
    left, right = x.chunk(2, dim=-1)
    return x * cosine.to(x.dtype) + torch.cat([-right, left], dim=-1) * sine.to(x.dtype)


class LlamaBlock(nn.Module):
    """Rotary attention and a gated perceptron, each normalised first and added to its input."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.norm_attention = nn.RMSNorm(width)
        self.attention = RotaryAttention(width, heads)
        self.norm_perceptron = nn.RMSNorm(width)
        self.gate = nn.Linear(width, hidden, bias=False)
        self.up = nn.Linear(width, hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
        """Map (batch, tokens, width) to the same shape."""
        x = x + self.attention(self.norm_attention(x), rotation)
        normal = self.norm_perceptron(x)
        out: Tensor = x + self.down(functional.silu(self.gate(normal)) * self.up(normal))
        return out


class Llama(nn.Module):
    """Token embedding, blocks, normalisation and a head of its own."""

    def __init__(self, *, vocabulary: int, width: int, depth: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.head_width = width // heads
        self.tokens = nn.Embedding(vocabulary, width)
        self.blocks = nn.ModuleList(LlamaBlock(width, heads, hidden) for _ in range(depth))
        self.norm = nn.RMSNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)

    def forward(self, ids: Tensor) -> Tensor:
        """Map token ids (batch, tokens) to logits (batch, tokens, vocabulary)."""
        x = self.tokens(ids)
        rotation = self._rotation(ids.shape[1], ids.device)
        for block in self.blocks:
            x = block(x, rotation)
        out: Tensor = self.head(self.norm(x))
        return out

    def _rotation(self, tokens: int, device: torch.device) -> tuple[Tensor, Tensor]:
        steps = torch.arange(0, self.head_width, 2, device=device) / self.head_width
        angles = torch.outer(torch.arange(tokens, device=device).float(), 10000.0**-steps)
        angles = torch.cat([angles, angles], dim=-1)
        return angles.cos(), angles.sin()


def llama_7b() -> Llama:
    """Llama with 6.7 billion parameters."""
    return Llama(vocabulary=32000, width=4096, depth=32, heads=32, hidden=11008)
