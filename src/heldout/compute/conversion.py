"""Let a fake model be converted, as by `model.half()` or `model.to("cpu")`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn


@contextlib.contextmanager
def convertible_weights() -> Iterator[None]:
    """Within this context a module's conversion puts new weights in the place of the old ones.

    Torch swaps the contents of fake weights instead, and refuses its own swap because its fake mode
    refers to them. Tied weights stay tied: one weight is converted once, whoever holds it.
    """
    from torch import nn

    made: dict[Tensor, nn.Parameter] = {}

    def apply(module: nn.Module, change: Callable[[Tensor], Tensor], recurse: bool = True) -> Any:
        for child in module.children() if recurse else ():
            child._apply(change)
        for name, weight in module._parameters.items():
            if weight is not None:
                module._parameters[name] = _converted(weight, change, made)
        for name, buffer in module._buffers.items():
            if buffer is not None:
                module._buffers[name] = change(buffer)
        return module

    usual = nn.Module._apply
    nn.Module._apply = apply  # type: ignore[method-assign]
    try:
        yield
    finally:
        nn.Module._apply = usual  # type: ignore[method-assign]


def _converted(
    weight: nn.Parameter, change: Callable[[Tensor], Tensor], made: dict[Tensor, nn.Parameter]
) -> nn.Parameter:
    import torch
    from torch import nn

    if weight not in made:
        with torch.no_grad():
            changed = change(weight)
        if changed is weight:
            return weight
        made[weight] = nn.Parameter(changed.detach(), requires_grad=weight.requires_grad)
    return made[weight]
