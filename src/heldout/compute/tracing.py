"""Trace one step of a model without computing or allocating it.

One dispatch mode sees every operation under fake tensors, and in the same pass counts FLOPs and
bytes and follows which storages are alive. The same mode without fake tensors measures a real step.
"""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from heldout.compute.conversion import convertible_weights
from heldout.compute.cpu_workspace import cpu_workspace
from heldout.compute.ledger import Category, Ledger
from heldout.compute.memory import Phase
from heldout.compute.operations import bytes_moved, flops_of, tensors_in
from heldout.compute.setup import Input, Precision
from heldout.compute.weights import Weights, measure_weights
from heldout.errors import BadInput, Problem

if TYPE_CHECKING:
    from torch import Tensor, nn

    Builder = Callable[[], nn.Module]
    Loss = Callable[[Any], Tensor]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation that did something.

    Attributes:
        short: Whether it computes in a format of two bytes or fewer.
    """

    name: str
    phase: Phase
    flops: int
    bytes: int
    short: bool


@dataclass(slots=True)
class Trace:
    """What one step at one batch size did.

    Attributes:
        timeline: As in `Ledger`.
        uncounted: Operations without a FLOP formula, and how often they ran.
    """

    batch: int
    weights: Weights
    timeline: list[tuple[Phase, int, int, int, int]] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    uncounted: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to make one step of a model happen.

    Attributes:
        build: Returns the module; called under fake tensors, so it costs no memory.
        loss: Turns the module's output into the number to minimise; see `losses`.
        accumulating: Whether gradients of an earlier micro-batch exist already.
    """

    build: Builder
    inputs: tuple[Input, ...]
    loss: Loss
    precision: Precision = Precision.FP32
    checkpointing: bool = False
    accumulating: bool = False


def trace_training(recipe: Recipe, *, batches: Sequence[int], fake: bool = True) -> list[Trace]:
    """Trace forward and backward of one step at each batch size.

    The optimizer's share is known in closed form and is not traced.
    """
    with fake_tensors(fake=fake):
        model = prepare(recipe).train()
        _refuse_without_gradients(model)
        return [_trace_step(recipe, model, batch) for batch in batches]


def _refuse_without_gradients(model: nn.Module) -> None:
    parameters = list(model.parameters())
    if any(parameter.requires_grad for parameter in parameters):
        return
    message = "all of its parameters are frozen" if parameters else "it has no parameters"
    problem = Problem("model", f"{message}, so there is nothing to train", "unfreeze a layer")
    raise BadInput([problem if parameters else replace(problem, remedy="")])


def trace_inference(recipe: Recipe, *, batches: Sequence[int], fake: bool = True) -> list[Trace]:
    """Trace one forward pass in evaluation mode without gradients at each batch size."""
    import torch

    with fake_tensors(fake=fake), torch.no_grad():
        model = prepare(recipe).eval()
        return [_trace_forward(recipe, model, batch) for batch in batches]


def _trace_step(recipe: Recipe, model: nn.Module, batch: int) -> Trace:
    model.zero_grad()
    inputs = make_inputs(recipe.inputs, batch=batch, precision=recipe.precision)
    observer = _Observer(batch, model, inputs)
    if recipe.accumulating:
        observer.pretend_gradients_exist(model)
    with observer.following_gradients(model), observer.watching():
        with autocast(recipe.precision):
            loss = recipe.loss(model(*inputs))
        observer.ledger.phase = Phase.BACKWARD
        loss.backward()
        observer.ledger.phase = Phase.STEP
        observer.ledger.note()
    return observer.trace


def _trace_forward(recipe: Recipe, model: nn.Module, batch: int) -> Trace:
    inputs = make_inputs(recipe.inputs, batch=batch, precision=recipe.precision)
    observer = _Observer(batch, model, inputs)
    with observer.watching(), autocast(recipe.precision):
        model(*inputs)
    return observer.trace


def make_inputs(
    inputs: Sequence[Input], *, batch: int, precision: Precision = Precision.FP32
) -> tuple[Tensor, ...]:
    """Return a batch of one random example, always the same one.

    A model that branches on its data takes the same branch at every batch size.
    """
    import torch

    chance = torch.Generator().manual_seed(0)

    def make(spec: Input) -> Tensor:
        shape, copies = (1, *spec.shape), (batch, *[1] * len(spec.shape))
        if spec.integer:
            return torch.randint(0, spec.classes, shape, generator=chance).repeat(copies)
        numbers = torch.randn(shape, generator=chance).repeat(copies)
        return numbers.to(_short_type(precision)) if precision.has_short_weights else numbers

    return tuple(make(spec) for spec in inputs)


def autocast(precision: Precision) -> contextlib.AbstractContextManager[Any]:
    """Return the context in which the forward pass runs."""
    import torch

    if not precision.is_autocast:
        return contextlib.nullcontext()
    return torch.autocast("cpu", dtype=_short_type(precision))


def prepare(recipe: Recipe) -> nn.Module:
    """Build the module in the recipe's precision, with checkpointing if asked for."""
    from heldout.compute.checkpointing import checkpoint_blocks

    model = recipe.build()
    if recipe.precision.has_short_weights:
        model.to(_short_type(recipe.precision))
    if recipe.checkpointing:
        checkpoint_blocks(model)
    return model


@contextlib.contextmanager
def fake_tensors(*, fake: bool = True) -> Iterator[None]:
    """Within this context tensors have shapes and storages but no memory, unless `fake` is off."""
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    with contextlib.ExitStack() as stack:
        if fake:
            stack.enter_context(FakeTensorMode(allow_non_fake_inputs=True))
            stack.enter_context(convertible_weights())
        stack.enter_context(torch.device("cpu"))
        stack.enter_context(_in_silence("torch._subclasses.fake_tensor"))
        yield


@contextlib.contextmanager
def _in_silence(logger: str) -> Iterator[None]:
    """What fails is told in a sentence: no traceback of torch's own before it."""
    told = logging.getLogger(logger)
    level = told.level
    told.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        told.setLevel(level)


def _short_type(precision: Precision) -> Any:
    import torch

    return torch.float16 if precision.compute == "fp16" else torch.bfloat16


class _Observer:
    """Writes a trace of the operations it is told of."""

    def __init__(self, batch: int, model: nn.Module, inputs: Sequence[Tensor]) -> None:
        self.ledger = Ledger()
        self.trace = Trace(batch, measure_weights(model), self.ledger.timeline)
        for tensor in (*model.parameters(), *model.buffers()):
            self.ledger.hold(tensor.untyped_storage(), Category.PARAMETERS)
        for tensor in inputs:
            self.ledger.hold(tensor.untyped_storage(), Category.ACTIVATIONS)
        self.ledger.note()

    def pretend_gradients_exist(self, model: nn.Module) -> None:
        import torch

        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.grad = torch.zeros_like(parameter)
                self.ledger.hold(parameter.grad.untyped_storage(), Category.GRADIENTS)

    @contextlib.contextmanager
    def following_gradients(self, model: nn.Module) -> Iterator[None]:
        def label(parameter: Tensor) -> None:
            if parameter.grad is not None:
                self.ledger.assign(parameter.grad.untyped_storage(), Category.GRADIENTS)

        hooks = [
            parameter.register_post_accumulate_grad_hook(label)
            for parameter in model.parameters()
            if parameter.requires_grad
        ]
        yield
        for hook in hooks:
            hook.remove()

    def watching(self) -> contextlib.AbstractContextManager[Any]:
        """Return the dispatch mode that reports here."""
        import torch
        from torch.utils._python_dispatch import TorchDispatchMode

        observe, ask_device = self.observe, torch.ops.prim.device.default

        class Watching(TorchDispatchMode):
            @classmethod
            def _should_skip_dynamo(cls) -> bool:
                return False

            def __torch_dispatch__(
                self, func: Any, types: Any, args: Any = (), kwargs: Any = None
            ) -> Any:
                if func is ask_device:  # Half of all calls; every tensor here is on the CPU.
                    return torch.device("cpu")
                out = func(*args, **(kwargs or {}))
                if func.namespace != "prim":
                    observe(func, args, kwargs or {}, out)
                return out

        return Watching()  # type: ignore[no-untyped-call]

    def observe(self, func: Any, args: Any, kwargs: dict[str, Any], out: Any) -> None:
        category = self._category_of_output(func, args)
        short = False
        for tensor in tensors_in(out):
            self.ledger.hold(tensor.untyped_storage(), category)
            short = short or tensor.element_size() <= 2
        self.ledger.note(cpu_workspace(func._overloadpacket.__name__, args, out))
        self._count(func, args, kwargs, out, short=short)

    def _category_of_output(self, func: Any, args: Any) -> Category:
        """Casting a weight makes another copy of the parameters, which autocast keeps."""
        if func._overloadpacket.__name__ == "_to_copy" and self.ledger.holds_as(
            args[0].untyped_storage(), Category.PARAMETERS
        ):
            return Category.PARAMETERS
        return Category.ACTIVATIONS

    def _count(
        self, func: Any, args: Any, kwargs: dict[str, Any], out: Any, *, short: bool
    ) -> None:
        flops = flops_of(func, args, kwargs, out)
        if flops is None:
            self.trace.uncounted[str(func._overloadpacket)] += 1
        moved = bytes_moved(func, args, out)
        if moved:
            name = func._overloadpacket.__name__
            operation = Operation(name, self.ledger.phase, flops or 0, moved, short)
            self.trace.operations.append(operation)
