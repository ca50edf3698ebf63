"""The number a training step minimises, from whatever a model returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heldout.compute.operations import tensors_in
from heldout.errors import BadInput, Problem

if TYPE_CHECKING:
    from torch import Tensor


def standard_loss(output: Any) -> Tensor:
    """Return the loss that the shape of an output suggests.

    A dictionary with a "loss" gives that. Scores (batch, classes), (batch, classes, height, width) and
    (batch, tokens, classes) give the cross-entropy with random targets. Anything else gives the sum of the
    means of its floating-point tensors.

    Raises:
        BadInput: There is none.
    """
    import torch
    from torch.nn import functional

    if isinstance(output, dict) and "loss" in output:
        loss: Tensor = output["loss"]
        return loss
    if isinstance(output, torch.Tensor) and output.dim() in (2, 3, 4) and output.shape[1] > 1:
        scores = output.flatten(0, 1) if output.dim() == 3 else output
        places = (scores.shape[0], *scores.shape[2:])
        targets = torch.zeros(places, dtype=torch.int64, device=scores.device)
        return functional.cross_entropy(scores, targets)
    means = [tensor.float().mean() for tensor in tensors_in(output) if tensor.is_floating_point()]
    if not means:
        message = f"it returns {type(output).__name__} without a tensor of numbers to minimise"
        remedy = 'return scores, or a dictionary with a "loss"'
        raise BadInput([Problem("model", message, remedy)])
    return torch.stack(means).sum()
