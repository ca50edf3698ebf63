"""What occupies the memory of a device at the peak of a step."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

GB = 10**9
GIB = 2**30

#: What the allocator loses to rounding and fragments, as a share of the model's own bytes.
RESERVE = 0.05
#: On a GPU autocast keeps softmax and normalisation in fp32, which a trace on the CPU does not see: a
#: model that keeps its attention scores needs a sixth more (`benchmarks/bench_compute_published.py`).
AUTOCAST_RESERVE = 0.2


class Phase(StrEnum):
    """The part of a training step in which the peak lies."""

    FORWARD = "forward"
    BACKWARD = "backward"
    STEP = "optimizer step"


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes by category at the moment of the peak.

    Attributes:
        parameters: Weights and buffers, and the low-precision copies that autocast caches.
        gradients: Gradients of the parameters.
        optimizer: Optimizer state.
        activations: Inputs, what the backward pass needs, gradients of activations, the loss.
        workspace: Scratch memory inside operators and the optimizer, and communication buckets.
        runtime: Context, libraries and allocator overhead of the device: not the model's own, and
            therefore not in `peak_bytes`.
        phase: Where in the step the peak lies.
        reserve: Share of `peak_bytes` to keep free for what the report cannot know.
    """

    parameters: int = 0
    gradients: int = 0
    optimizer: int = 0
    activations: int = 0
    workspace: int = 0
    runtime: int = 0
    phase: Phase = Phase.FORWARD
    reserve: float = RESERVE

    @property
    def peak_bytes(self) -> int:
        """The model's own bytes, without `runtime`."""
        return self.parameters + self.gradients + self.optimizer + self.activations + self.workspace

    @property
    def total_bytes(self) -> int:
        """Everything the device must hold, `runtime` included."""
        return self.peak_bytes + self.runtime


def in_both_units(count: float) -> str:
    """Write bytes in GB (10^9) and GiB (2^30): sellers use the one, programs the other."""
    if count < 100_000:
        return f"{count:,.0f} bytes"
    if count < GB / 10:
        return f"{1000 * count / GB:.3g} MB ({1024 * count / GIB:.3g} MiB)"
    if count < 10_000 * GB:
        return f"{count / GB:,.2f} GB ({count / GIB:,.2f} GiB)"
    return f"{count / (1000 * GB):,.2f} TB ({count / (1024 * GIB):,.2f} TiB)"
