"""Scratch memory of the convolution kernels on the CPU (oneDNN), found by watching the allocator.

oneDNN computes in layouts of its own, with channels in blocks of 16. It copies the operands there and
the result back, and frees a copy as soon as it can. X, Y and W are input, output and weights; a prime
marks the blocked copy:

    forward          X' W' Y'  then  Y' Y
    input gradient   Y' W' X'  then  X' X
    weight gradient  X (done)  Y' X' W' and, where threads share by images, one more W to sum in

Kernels for two-byte formats, strided input gradients and transposed convolutions pass the result
through one more copy. Images of up to four channels are read where they are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor

BLOCK = 16
READ_IN_PLACE = 4
WEIGHT_CHARGE = 8


def cpu_workspace(operation: str, args: Sequence[Any], out: Any) -> int:
    """Return the bytes an operation holds for itself on top of its inputs and its result."""
    if operation == "convolution":
        return _forward(args, out)
    if operation == "convolution_backward":
        return _backward(args)
    return 0


class _Operand(NamedTuple):
    """Bytes of a tensor, and of its blocked copy."""

    plain: int
    blocked: int


def _forward(args: Sequence[Any], out: Tensor) -> int:
    source, weight, transposed = args[0], args[1], args[6]
    x, y, w = _image(source, is_input=True), _image(out), _size(weight)
    copies = 2 if transposed or _is_short(source) else 1
    return max(x.blocked + w + y.blocked, y.blocked + copies * y.plain) - y.plain


def _backward(args: Sequence[Any]) -> int:
    gradient, source, weight, strides, transposed, mask = (args[i] for i in (0, 1, 2, 4, 7, 10))
    x, y, w = _image(source, is_input=True), _image(gradient), _size(weight)
    reduction = _reduction(gradient, source, weight)
    weight_gradient = y.blocked + x.blocked + w + reduction
    if not mask[0]:
        return max(0, weight_gradient - w)
    strided = math.prod(strides) > 1 and not transposed
    copies = 2 if strided or _is_short(source) else 1
    input_gradient = max(y.blocked + w + x.blocked, x.blocked + copies * x.plain)
    return max(input_gradient, x.plain + weight_gradient) - x.plain - w


def _reduction(gradient: Tensor, source: Tensor, weight: Tensor) -> int:
    """Return the bytes of the sum over threads, kept in four-byte floats.

    Threads share the weight gradient by channels, which needs none, unless reading the images once is
    worth it: oneDNN charges a weight eight times as much as an element of an image.
    """
    images = min(source.numel(), gradient.numel())
    by_images = images > WEIGHT_CHARGE * weight.numel()
    return 4 * weight.numel() if by_images or _is_short(source) else 0


def _image(tensor: Tensor, *, is_input: bool = False) -> _Operand:
    channels, size = tensor.shape[1], _size(tensor)
    if is_input and channels <= READ_IN_PLACE:
        return _Operand(size, 0)
    return _Operand(size, size * math.ceil(channels / BLOCK) * BLOCK // channels)


def _size(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _is_short(tensor: Tensor) -> bool:
    return tensor.element_size() <= 2
