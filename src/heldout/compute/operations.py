"""What one operation of torch costs: FLOPs by formula, bytes moved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

#: Operations that move or combine elements but multiply no matrices. By the convention of the
#: field they count no FLOPs; their bytes count. Pointwise operations and views are recognised by
#: their schema and need no entry.
ELEMENTWISE = frozenset(
    [
        "_adaptive_avg_pool2d",
        "_adaptive_avg_pool2d_backward",
        "_fused_rms_norm",
        "_fused_rms_norm_backward",
        "_local_scalar_dense",
        "_log_softmax",
        "_log_softmax_backward_data",
        "_softmax",
        "_softmax_backward_data",
        "_to_copy",
        "_unsafe_view",
        "amax",
        "amin",
        "any",
        "all",
        "arange",
        "argmax",
        "argmin",
        "avg_pool2d",
        "avg_pool2d_backward",
        "avg_pool1d",
        "avg_pool3d",
        "avg_pool3d_backward",
        "bernoulli",
        "bernoulli_",
        "cat",
        "clone",
        "constant_pad_nd",
        "copy_",
        "cumsum",
        "cumprod",
        "embedding",
        "embedding_dense_backward",
        "empty",
        "empty_like",
        "empty_strided",
        "fill_",
        "flip",
        "full",
        "full_like",
        "gather",
        "index",
        "index_add",
        "index_add_",
        "index_put",
        "index_put_",
        "index_select",
        "isin",
        "lift_fresh",
        "linspace",
        "masked_fill",
        "masked_fill_",
        "max",
        "max_pool2d_with_indices",
        "max_pool2d_with_indices_backward",
        "max_pool3d_with_indices",
        "max_pool3d_with_indices_backward",
        "mean",
        "min",
        "multinomial",
        "native_batch_norm",
        "native_batch_norm_backward",
        "_native_batch_norm_legit",
        "native_dropout",
        "native_dropout_backward",
        "native_group_norm",
        "native_group_norm_backward",
        "native_layer_norm",
        "native_layer_norm_backward",
        "new_empty",
        "new_empty_strided",
        "new_full",
        "new_ones",
        "new_zeros",
        "nll_loss2d_backward",
        "nll_loss2d_forward",
        "nll_loss_backward",
        "nll_loss_forward",
        "norm",
        "normal_",
        "ones",
        "ones_like",
        "prod",
        "rand",
        "randint",
        "randint_like",
        "randn",
        "randn_like",
        "random_",
        "randperm",
        "reflection_pad1d",
        "reflection_pad2d",
        "replication_pad2d",
        "repeat",
        "resize_",
        "roll",
        "scalar_tensor",
        "scatter",
        "scatter_",
        "scatter_add",
        "scatter_add_",
        "select_backward",
        "set_",
        "slice_backward",
        "sort",
        "stack",
        "std",
        "sum",
        "topk",
        "tril",
        "triu",
        "uniform_",
        "upsample_bicubic2d",
        "upsample_bicubic2d_backward",
        "upsample_bilinear2d",
        "upsample_bilinear2d_backward",
        "upsample_nearest2d",
        "upsample_nearest2d_backward",
        "var",
        "var_mean",
        "where",
        "zero_",
        "zeros",
        "zeros_like",
        "linalg_vector_norm",
        "mse_loss_backward",
        "binary_cross_entropy",
        "binary_cross_entropy_backward",
        "detach",
        "alias",
        "_reshape_alias",
        "split_with_sizes",
        "unfold_backward",
        "record_stream",
        "masked_select",
        "nonzero",
        "unique_consecutive",
        "_unique2",
        "im2col",
        "col2im",
    ]
)


def flops_of(operation: Any, args: Sequence[Any], kwargs: dict[str, Any], out: Any) -> int | None:
    """Return the FLOPs of one call, 2 for each multiply-add; None where no formula is known."""
    formula = _formulas().get(operation._overloadpacket)
    if formula is not None:
        return int(formula(*args, **kwargs, out_val=out))
    return 0 if _is_elementwise(operation) else None


def bytes_moved(operation: Any, args: Sequence[Any], out: Any) -> int:
    """Return the bytes an operation reads and writes; 0 for a view."""
    if _is_view(operation):
        return 0
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors_in((args, out)))


def tensors_in(value: Any) -> Iterator[Tensor]:
    """Yield the tensors in nested tuples, lists and dictionaries."""
    import torch

    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from tensors_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from tensors_in(item)


@cache
def _is_view(operation: Any) -> bool:
    return bool(operation.is_view) or operation._overloadpacket.__name__ in {
        "_unsafe_view",
        "detach",
        "alias",
        "_reshape_alias",
        "lift_fresh",
        "empty",
        "empty_like",
        "empty_strided",
        "new_empty",
    }


@cache
def _is_elementwise(operation: Any) -> bool:
    import torch

    if operation.namespace != "aten":
        return False
    return (
        torch.Tag.pointwise in operation.tags
        or _is_view(operation)
        or operation._overloadpacket.__name__ in ELEMENTWISE
    )


@cache
def _formulas() -> dict[Any, Callable[..., int]]:
    """Return torch's own formulas, and those it lacks for fused attention and LSTMs on the CPU."""
    import torch
    from torch.utils import flop_counter

    def attention(query: Any, key: Any, value: Any, *_: Any, out_val: Any, **__: Any) -> int:
        return int(flop_counter.sdpa_flop_count(query.shape, key.shape, value.shape))

    def attention_backward(
        gradient: Any, query: Any, key: Any, value: Any, *_: Any, out_val: Any, **__: Any
    ) -> int:
        shapes = (gradient.shape, query.shape, key.shape, value.shape)
        return int(flop_counter.sdpa_backward_flop_count(*shapes))

    def recurrence(
        sequence: Any, inward: Any, across: Any, *_: Any, out_val: Any, **__: Any
    ) -> int:
        steps = sequence.numel() // sequence.shape[-1]
        return int(2 * steps * (inward.numel() + across.numel()))

    def recurrence_backward(*args: Any, out_val: Any, **kwargs: Any) -> int:
        return 2 * recurrence(*args, out_val=out_val, **kwargs)

    aten = torch.ops.aten
    return {
        **flop_counter.flop_registry,
        aten._scaled_dot_product_flash_attention_for_cpu: attention,
        aten._scaled_dot_product_flash_attention_for_cpu_backward: attention_backward,
        aten.mkldnn_rnn_layer: recurrence,
        aten.mkldnn_rnn_layer_backward: recurrence_backward,
    }
