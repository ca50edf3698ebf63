"""From a recipe to a footprint: two traces, or two measured steps where a model cannot be traced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from heldout.compute.footprint import Footprint, fit
from heldout.compute.memory import in_both_units
from heldout.compute.tracing import (
    Recipe,
    Trace,
    fake_tensors,
    make_inputs,
    prepare,
    trace_inference,
    trace_training,
)
from heldout.errors import BadInput, HeldoutError, Problem

if TYPE_CHECKING:
    from torch import nn

    from heldout.compute.setup import Variant

LARGEST_MEASURED_BYTES = 2 * 10**9
MEASURED = (
    "The model decides by its data what it computes: "
    "two real steps at batch {} and {} were measured instead of traced."
)


def trace_or_measure(
    recipe: Recipe, variant: Variant, *, batches: tuple[int, int], training: bool
) -> Footprint:
    """Return the footprint of a training step or of a forward pass.

    Raises:
        BadInput: The model cannot be built or does not accept the input.
    """
    recipe = replace(
        recipe,
        precision=variant.precision,
        checkpointing=variant.checkpointing,
        accumulating=variant.accumulating,
    )
    try:
        return fit(*_run(recipe, batches, training=training))
    except HeldoutError:
        raise
    except Exception as error:
        if not _depends_on_data(error):
            raise _refusal(recipe, error, batch=batches[0], training=training) from error
    return _measure(recipe, batches, training=training)


def check_smallest_batch(recipe: Recipe, variant: Variant) -> None:
    """Refuse a model that cannot be trained on one example at a time, such as some with BatchNorm.

    Raises:
        BadInput: It cannot.
    """
    recipe = replace(recipe, precision=variant.precision)
    try:
        _run(recipe, [1], training=True)
    except HeldoutError:
        raise
    except Exception as error:
        if not _depends_on_data(error):
            raise _refusal(recipe, error, batch=1, training=True) from error


def _run(
    recipe: Recipe, batches: Sequence[int], *, training: bool, fake: bool = True
) -> list[Trace]:
    trace = trace_training if training else trace_inference
    return trace(recipe, batches=batches, fake=fake)


def _measure(recipe: Recipe, batches: tuple[int, int], *, training: bool) -> Footprint:
    """Run real steps under the same observer."""
    _refuse_large(recipe)
    try:
        first, second = _run(recipe, batches, training=training, fake=False)
    except HeldoutError:
        raise
    except Exception as error:
        raise _refusal(recipe, error, batch=batches[0], training=training) from error
    return fit(first, second, notes=[MEASURED.format(*batches)])


def _refuse_large(recipe: Recipe) -> None:
    with fake_tensors():
        parameters = prepare(recipe).parameters()
        size = sum(parameter.numel() * parameter.element_size() for parameter in parameters)
    if size > LARGEST_MEASURED_BYTES:
        message = (
            "the model decides by its data what it computes, so a real step would have to be "
            f"measured, but its parameters alone take {in_both_units(size)}"
        )
        remedy = "give a factory of a smaller model of the same kind"
        raise BadInput([Problem("model", message, remedy)])


def _depends_on_data(error: Exception) -> bool:
    """Return whether an error means that fake tensors have no values to look at."""
    from torch._subclasses import fake_tensor

    kinds = (
        fake_tensor.DataDependentOutputException,
        fake_tensor.DynamicOutputShapeException,
        fake_tensor.UnsupportedFakeTensorException,
    )
    text = str(error)
    return isinstance(error, kinds) or "tensor subclasses" in text or "data-dependent" in text


def _refusal(recipe: Recipe, error: Exception, *, batch: int, training: bool) -> BadInput:
    """Say which layer refused which shape, in a sentence."""
    shapes = ", ".join(str(given) for given in recipe.inputs)
    place, message = _failing_layer(recipe, batch=batch, training=training)
    reason = str(error).strip().splitlines()
    text = reason[0][:300] if reason else type(error).__name__
    return BadInput(
        [
            Problem(
                place or "model",
                f"{message or 'the step failed'}: {text}",
                f"the model was given a batch of {batch} of --input {shapes}",
            )
        ]
    )


def _failing_layer(recipe: Recipe, *, batch: int, training: bool) -> tuple[str, str]:
    """Run the forward pass again and return (name of the layer that failed, what it was given)."""
    running: list[tuple[str, nn.Module, Any]] = []
    with fake_tensors():
        try:
            model = prepare(replace(recipe, checkpointing=False)).train(training)
        except Exception:  # The model is somebody else's: it may raise anything.
            return "", "the factory failed"
        _keep_track(model, running)
        try:
            model(*make_inputs(recipe.inputs, batch=batch, precision=recipe.precision))
        except Exception:  # As above; what it raised is in the refusal already.
            return _describe(running[-1]) if running else ("", "")
    return "", "the loss or the backward pass failed"


def _keep_track(model: nn.Module, running: list[tuple[str, nn.Module, Any]]) -> None:
    for name, module in model.named_modules():

        def enter(module: nn.Module, args: Any, name: str = name) -> None:
            running.append((name, module, args))

        def leave(module: nn.Module, args: Any, out: Any) -> None:
            running.pop()

        module.register_forward_pre_hook(enter)
        module.register_forward_hook(leave)


def _describe(running: tuple[str, nn.Module, Any]) -> tuple[str, str]:
    name, module, args = running
    shapes = " and ".join(
        "x".join(map(str, argument.shape)) for argument in args if hasattr(argument, "shape")
    )
    layer = f"layer {name}" if name else "model"
    return f"{layer} ({type(module).__name__})", f"does not accept the shape {shapes}"
