"""Predicted against published peaks of a GPU: BERT-large on a V100, as Hugging Face measured it.

https://huggingface.co/docs/transformers/v4.27.2/en/perf_train_gpu_one: MiB shown by nvidia-smi for
bert-large-uncased at 512 tokens, of which CUDA's own kernels take 1,343 before any model is loaded.
As torch did then, gradients are zeroed and kept, and parameters are updated one after the other.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from heldout.compute.budget import training_budget
from heldout.compute.losses import standard_loss
from heldout.compute.memory import GIB
from heldout.compute.setup import Input, Precision, TrainingSetup, Variant
from heldout.compute.sources import TracedModel
from heldout.compute.tracing import Recipe

WIDTH, HEADS, DEPTH, TOKENS, VOCABULARY = 1024, 16, 24, 512, 30522
KERNELS_MIB = 1343
MIB = GIB / 1024


class EagerAttention(nn.Module):
    """Attention as it was computed then: scores, softmax and dropout as tensors of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(WIDTH, WIDTH) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        batch = len(x)
        query, key, value = (
            layer(x).view(batch, TOKENS, HEADS, WIDTH // HEADS).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        scores = query @ key.transpose(-1, -2) / (WIDTH // HEADS) ** 0.5
        weights = functional.dropout(scores.softmax(-1), 0.1, self.training)
        return (weights @ value).transpose(1, 2).reshape(batch, TOKENS, WIDTH)


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention, self.project = EagerAttention(), nn.Linear(WIDTH, WIDTH)
        self.norm_attention, self.norm = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.widen, self.narrow = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        mixed = functional.dropout(self.project(self.attention(x)), 0.1, self.training)
        x = self.norm_attention(x + mixed)
        out = self.narrow(functional.gelu(self.widen(x)))
        return self.norm(x + functional.dropout(out, 0.1, self.training))


class BertLarge(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(TOKENS, WIDTH)
        self.kinds, self.norm = nn.Embedding(2, WIDTH), nn.LayerNorm(WIDTH)
        self.layers = nn.Sequential(*(Layer() for _ in range(DEPTH)))
        self.pool, self.head = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, 2)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.words(ids) + self.places(torch.arange(TOKENS)) + self.kinds(torch.zeros_like(ids))
        x = functional.dropout(self.norm(x), 0.1, self.training)
        logits: Tensor = self.head(self.pool(self.layers(x)[:, 0]).tanh())
        return logits


PUBLISHED = [
    ("batch 4, AdamW", TrainingSetup(batch=4), 14949),
    ("batch 1, AdamW", TrainingSetup(batch=1), 8681),
    ("batch 1, AdamW, checkpointing", TrainingSetup(batch=1, checkpointing=True), 6775),
    ("batch 4, AdamW, fp16", TrainingSetup(batch=4, precision=Precision.FP16), 13939),
    (
        "batch 1, AdamW, fp16, checkpointing",
        TrainingSetup(batch=1, precision=Precision.FP16, checkpointing=True),
        7275,
    ),
    ("batch 4, Adafactor", TrainingSetup(batch=4, optimizer="adafactor"), 12295),
    ("batch 4, 8-bit Adam", TrainingSetup(batch=4, optimizer="adamw8bit"), 13085),
]


def main() -> None:
    inputs = (Input((TOKENS,), integer=True, classes=VOCABULARY),)
    source = TracedModel("bert-large", Recipe(BertLarge, inputs, standard_loss))
    print(f"{'set-up':36} {'published MiB':>14} {'plan MiB':>10} {'error':>8}")
    for name, setup, published in PUBLISHED:
        footprint = source.training(Variant(setup.precision, setup.checkpointing, True))
        peak = training_budget(footprint, setup).peak(setup.batch).peak_bytes
        plan = peak / MIB + KERNELS_MIB
        print(f"{name:36} {published:14,} {plan:10,.0f} {plan / published - 1:+8.1%}", flush=True)


if __name__ == "__main__":
    main()
