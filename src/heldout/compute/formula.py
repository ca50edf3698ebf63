"""The back-of-envelope memory formula of the lectures, beside what it leaves out.

With P parameters, A activations per example and inputs of I bytes, everything in four-byte floats:

    training   3·4·P + B·(2·4·A + I)    weights, gradients and one optimizer state; forward and backward activations
    inference  4·P + I
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from heldout.compute.memory import Memory, Phase
from heldout.errors import Problems

FLOAT_BYTES = 4
LARGEST_SIZE = 10**18


@dataclass(frozen=True, slots=True)
class Estimate:
    """A model known by three numbers only.

    Attributes:
        parameters: P, the number of weights and biases.
        activations: A, the number of activations of one example.
        input_bytes: I, the size of one example in bytes.
    """

    parameters: int
    activations: int = 0
    input_bytes: int = 0

    def training(self, batch: int) -> Memory:
        """Return the peak of a training step on `batch` examples."""
        weights = FLOAT_BYTES * self.parameters
        return Memory(
            parameters=weights,
            gradients=weights,
            optimizer=weights,
            activations=batch * self._activations_of_one_example(),
            phase=Phase.BACKWARD,
        )

    def inference(self) -> Memory:
        """Return the peak of one forward pass on one example."""
        return Memory(
            parameters=FLOAT_BYTES * self.parameters,
            activations=self.input_bytes,
            phase=Phase.FORWARD,
        )

    def inference_without_float_size(self) -> int:
        """Return P + I: the figure printed where the four bytes of a float are forgotten."""
        return self.parameters + self.input_bytes

    def largest_batch(self, usable_bytes: int) -> int:
        """Return the largest batch whose training step needs at most `usable_bytes`; 0 if none."""
        room = usable_bytes - 3 * FLOAT_BYTES * self.parameters
        each = self._activations_of_one_example()
        return max(0, room // each) if each else int(room >= 0)

    def _activations_of_one_example(self) -> int:
        return 2 * FLOAT_BYTES * self.activations + self.input_bytes


def read_estimate(*, parameters: float, activations: float = 0, input_bytes: float = 0) -> Estimate:
    """Return an `Estimate` from numbers a person typed, such as 100e6.

    Raises:
        BadInput: A number is negative, not finite, or there are no parameters.
    """
    problems = Problems()
    numbers = {
        "--params": parameters,
        "--activations": activations,
        "--input-bytes": input_bytes,
    }
    for place, number in numbers.items():
        if not math.isfinite(number) or number < 0:
            problems.add(place, f"{number:g} is not a size", "give a finite number, zero or more")
        elif number > LARGEST_SIZE:
            problems.add(place, f"{number:g} is more than any computer holds", "give at most 1e18")
    if parameters == 0:
        problems.add("--params", "a model without parameters needs no plan", "give at least 1")
    problems.refuse_if_any()
    return Estimate(round(parameters), round(activations), round(input_bytes))
