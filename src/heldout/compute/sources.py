"""Where footprints come from: a model that is traced when asked, or a file of traces made elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from heldout.compute.ledger import Category
from heldout.compute.setup import Input, Variant
from heldout.errors import BadInput, Problem

if TYPE_CHECKING:
    from heldout.compute.footprint import Footprint
    from heldout.compute.tracing import Recipe

TRACED_BATCHES = (2, 4)


class Source(Protocol):
    """A model of which footprints can be had."""

    @property
    def name(self) -> str:
        """What to call the model."""
        ...

    @property
    def inputs(self) -> tuple[Input, ...]:
        """One example."""
        ...

    def training(self, variant: Variant) -> Footprint:
        """Return the footprint of a training step."""
        ...

    def inference(self, variant: Variant) -> Footprint:
        """Return the footprint of a forward pass without gradients."""
        ...


@dataclass(frozen=True, slots=True)
class TracedModel:
    """A torch model; each variant is traced once, when it is first asked for."""

    name: str
    recipe: Recipe
    _training: dict[Variant, Footprint] = field(default_factory=dict)
    _inference: dict[Variant, Footprint] = field(default_factory=dict)

    @property
    def inputs(self) -> tuple[Input, ...]:
        """One example."""
        return self.recipe.inputs

    def training(self, variant: Variant) -> Footprint:
        """Return the footprint of a training step."""
        if variant not in self._training:
            self._training[variant] = _trace(self.recipe, variant, training=True)
        return self._training[variant]

    def inference(self, variant: Variant) -> Footprint:
        """Return the footprint of a forward pass without gradients."""
        plain = Variant(variant.precision)
        if plain not in self._inference:
            self._inference[plain] = _trace(self.recipe, plain, training=False)
        return self._inference[plain]


@dataclass(frozen=True, slots=True)
class RecordedModel:
    """Footprints from a trace file."""

    name: str
    inputs: tuple[Input, ...]
    recorded_training: dict[Variant, Footprint]
    recorded_inference: dict[Variant, Footprint]

    def training(self, variant: Variant) -> Footprint:
        """Return the footprint of a training step; accumulation follows from the plain one.

        Raises:
            BadInput: The file has no trace of this variant.
        """
        plain = variant._replace(accumulating=False)
        if variant not in self.recorded_training and plain in self.recorded_training:
            return with_gradients(self.recorded_training[plain])
        return _recorded(self.recorded_training, variant)

    def inference(self, variant: Variant) -> Footprint:
        """Return the footprint of a forward pass without gradients.

        Raises:
            BadInput: The file has no trace of this variant.
        """
        return _recorded(self.recorded_inference, Variant(variant.precision))


@dataclass(frozen=True, slots=True)
class RecordedFirst:
    """A model whose recorded footprints are used as they are; what was not recorded is traced.

    Attributes:
        trace: Returns the model to trace; called once, when it is first needed.
    """

    recorded: RecordedModel
    trace: Callable[[], TracedModel]
    _traced: list[TracedModel] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What to call the model."""
        return self.recorded.name

    @property
    def inputs(self) -> tuple[Input, ...]:
        """One example."""
        return self.recorded.inputs

    def training(self, variant: Variant) -> Footprint:
        """Return the footprint of a training step."""
        known = variant._replace(accumulating=False) in self.recorded.recorded_training
        return (self.recorded if known else self._live()).training(variant)

    def inference(self, variant: Variant) -> Footprint:
        """Return the footprint of a forward pass without gradients."""
        known = Variant(variant.precision) in self.recorded.recorded_inference
        return (self.recorded if known else self._live()).inference(variant)

    def _live(self) -> TracedModel:
        if not self._traced:
            self._traced.append(self.trace())
        return self._traced[0]


def with_gradients(footprint: Footprint) -> Footprint:
    """Return a footprint in which the gradients of an earlier micro-batch exist from the start."""
    constant = footprint.live.constant.copy()
    constant[:, Category.GRADIENTS] = footprint.weights.trainable_bytes
    return replace(footprint, live=replace(footprint.live, constant=constant))


def _recorded(recorded: dict[Variant, Footprint], variant: Variant) -> Footprint:
    if variant not in recorded:
        have = ", ".join(sorted(_describe(known) for known in recorded)) or "nothing"
        message = f"was not traced with {_describe(variant)} (it has: {have})"
        raise BadInput([Problem("trace", message, "trace the model again with these options")])
    return recorded[variant]


def _describe(variant: Variant) -> str:
    words = [variant.precision.value]
    words += ["checkpointing"] if variant.checkpointing else []
    words += ["accumulation"] if variant.accumulating else []
    return " + ".join(words)


def _trace(recipe: Recipe, variant: Variant, *, training: bool) -> Footprint:
    from heldout.compute.stepping import trace_or_measure

    return trace_or_measure(recipe, variant, batches=TRACED_BATCHES, training=training)
