"""How much state an optimizer keeps, and what scratch memory its step takes. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

from heldout.compute.weights import Weights
from heldout.errors import BadInput, Problem, did_you_mean

#: 8-bit states are quantised in blocks of 256 with one four-byte scale each (Dettmers et al. 2021).
QUANTISED_BLOCK = 256
COUNTER_BYTES = 4


@dataclass(frozen=True, slots=True)
class Optimizer:
    """One rule of updating weights.

    Attributes:
        states: Copies of the trainable weights it keeps, in their precision.
        quantised: Whether those copies take one byte an element.
        factored: Whether it keeps row and column sums of matrices instead of a copy.
        counters: Whether it counts steps in one tensor for each parameter.
        scratch: Copies of one parameter in use while that one is updated.
    """

    name: str
    states: int = 0
    quantised: bool = False
    factored: bool = False
    counters: bool = False
    scratch: int = 0

    def state_bytes(self, weights: Weights) -> int:
        """Return the bytes of state for the trainable weights of a model."""
        copies = self.states * weights.trainable_bytes
        if self.quantised:
            copies = self.states * (weights.trainable + 4 * weights.trainable // QUANTISED_BLOCK)
        sums = 4 * weights.factored_elements if self.factored else 0
        return copies + sums + (COUNTER_BYTES * weights.tensors if self.counters else 0)

    def scratch_bytes(self, weights: Weights, *, all_at_once: bool) -> int:
        """Return the bytes in use during the update.

        Args:
            weights: The model's parameters.
            all_at_once: Whether all parameters are updated by one call, as torch does on GPUs; on the
                CPU it updates one after the other.
        """
        if all_at_once:
            return weights.trainable_bytes if self.scratch else 0
        return self.scratch * weights.largest_bytes


OPTIMIZERS: dict[str, Optimizer] = {
    optimizer.name: optimizer
    for optimizer in (
        Optimizer("sgd"),
        Optimizer("momentum", states=1),
        Optimizer("adam", states=2, counters=True, scratch=2),
        Optimizer("adamw", states=2, counters=True, scratch=2),
        Optimizer("adagrad", states=1, counters=True, scratch=1),
        Optimizer("rmsprop", states=1, counters=True, scratch=1),
        Optimizer("lion", states=1, scratch=1),
        Optimizer("adafactor", factored=True, counters=True, scratch=1),
        Optimizer("adamw8bit", states=2, quantised=True),
    )
}


def find_optimizer(name: str) -> Optimizer:
    """Return an optimizer by name.

    Raises:
        BadInput: There is none of that name.
    """
    if name not in OPTIMIZERS:
        remedy = did_you_mean(name, OPTIMIZERS) or f"known: {', '.join(OPTIMIZERS)}"
        raise BadInput([Problem("--optimizer", f'there is no optimizer "{name}"', remedy)])
    return OPTIMIZERS[name]
