"""Activation checkpointing of the repeated blocks of any model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


def checkpoint_blocks(model: nn.Module) -> int:
    """Make every repeated block forget its activations and compute them again going back.

    Blocks are the outermost members of an `nn.Sequential` or `nn.ModuleList` that contain layers of
    their own. Returns how many were found; 0 leaves the model as it was.
    """
    blocks = repeated_blocks(model)
    for block in blocks:
        _forget(block)
    return len(blocks)


def repeated_blocks(module: nn.Module) -> list[nn.Module]:
    """Return the outermost members of rows of layers that contain layers of their own."""
    from torch import nn

    found: list[nn.Module] = []
    for child in module.children():
        members = list(child.children())
        is_row = isinstance(child, nn.Sequential | nn.ModuleList)
        blocks = [member for member in members if any(True for _ in member.children())]
        if is_row and blocks:
            found.extend(blocks)
        else:
            found.extend(repeated_blocks(child))
    return found


def _forget(block: nn.Module) -> None:
    from torch.utils.checkpoint import checkpoint

    forward = block.forward

    def remembering_the_input(*args: Any, **kwargs: Any) -> Any:
        if not block.training:
            return forward(*args, **kwargs)
        return checkpoint(forward, *args, use_reentrant=False, preserve_rng_state=False, **kwargs)

    block.forward = remembering_the_input
