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
        "_adaptive_avg_pool3d",
        "_adaptive_avg_pool3d_backward",
        "adaptive_max_pool2d",
        "adaptive_max_pool2d_backward",
        "adaptive_max_pool3d",
        "adaptive_max_pool3d_backward",
        "affine_grid_generator",
        "alias",
        "all",
        "amax",
        "amin",
        "aminmax",
        "any",
        "arange",
        "argmax",
        "argmin",
        "as_strided_scatter",
        "avg_pool1d",
        "avg_pool2d",
        "avg_pool2d_backward",
        "avg_pool3d",
        "avg_pool3d_backward",
        "bernoulli",
        "bernoulli_",
        "binary_cross_entropy",
        "binary_cross_entropy_backward",
        "bucketize",
        "cat",
        "channel_shuffle",
        "clone",
        "col2im",
        "constant_pad_nd",
        "copy_",
        "count_nonzero",
        "cumprod",
        "cumsum",
        "detach",
        "diagonal_scatter",
        "elu_backward",
        "embedding",
        "_embedding_bag",
        "_embedding_bag_backward",
        "embedding_dense_backward",
        "empty",
        "empty_like",
        "empty_strided",
        "eye",
        "fill_",
        "flip",
        "full",
        "full_like",
        "_fused_rms_norm",
        "_fused_rms_norm_backward",
        "gather",
        "glu",
        "glu_backward",
        "grid_sampler_2d",
        "grid_sampler_2d_backward",
        "grid_sampler_3d",
        "grid_sampler_3d_backward",
        "hardshrink_backward",
        "hardsigmoid_backward",
        "hardswish",
        "hardswish_backward",
        "hardtanh_backward",
        "huber_loss",
        "huber_loss_backward",
        "im2col",
        "index",
        "index_add",
        "index_add_",
        "index_put",
        "index_put_",
        "index_select",
        "isin",
        "kthvalue",
        "leaky_relu_backward",
        "lift_fresh",
        "linalg_cross",
        "linalg_vector_norm",
        "linspace",
        "_local_scalar_dense",
        "log_sigmoid_backward",
        "log_sigmoid_forward",
        "_log_softmax",
        "_log_softmax_backward_data",
        "logcumsumexp",
        "logsumexp",
        "masked_fill",
        "masked_fill_",
        "masked_select",
        "max",
        "max_pool2d_with_indices",
        "max_pool2d_with_indices_backward",
        "max_pool3d_with_indices",
        "max_pool3d_with_indices_backward",
        "mean",
        "median",
        "min",
        "mish_backward",
        "mode",
        "mse_loss_backward",
        "multinomial",
        "nan_to_num",
        "nanmedian",
        "native_batch_norm",
        "native_batch_norm_backward",
        "_native_batch_norm_legit",
        "native_channel_shuffle",
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
        "nonzero",
        "norm",
        "normal_",
        "ones",
        "ones_like",
        "pixel_shuffle",
        "pixel_unshuffle",
        "_prelu_kernel",
        "_prelu_kernel_backward",
        "prod",
        "rand",
        "randint",
        "randint_like",
        "randn",
        "randn_like",
        "random_",
        "randperm",
        "record_stream",
        "reflection_pad1d",
        "reflection_pad1d_backward",
        "reflection_pad2d",
        "reflection_pad2d_backward",
        "reflection_pad3d",
        "reflection_pad3d_backward",
        "renorm",
        "repeat",
        "replication_pad1d",
        "replication_pad1d_backward",
        "replication_pad2d",
        "replication_pad2d_backward",
        "replication_pad3d",
        "replication_pad3d_backward",
        "_reshape_alias",
        "resize_",
        "roll",
        "rot90",
        "rrelu_with_noise",
        "rrelu_with_noise_backward",
        "_safe_softmax",
        "scalar_tensor",
        "scatter",
        "scatter_",
        "scatter_add",
        "scatter_add_",
        "scatter_reduce",
        "scatter_reduce_",
        "searchsorted",
        "select_backward",
        "select_scatter",
        "set_",
        "slice_backward",
        "slice_scatter",
        "smooth_l1_loss",
        "smooth_l1_loss_backward",
        "_softmax",
        "_softmax_backward_data",
        "softplus_backward",
        "softshrink_backward",
        "sort",
        "split_with_sizes",
        "squeeze_",
        "stack",
        "std",
        "sum",
        "t_",
        "threshold_backward",
        "_to_copy",
        "topk",
        "transpose_",
        "tril",
        "triu",
        "unfold_backward",
        "uniform_",
        "_unique2",
        "unique_consecutive",
        "unsafe_split",
        "unsafe_split_with_sizes",
        "_unsafe_view",
        "unsqueeze_",
        "upsample_bicubic2d",
        "_upsample_bicubic2d_aa",
        "_upsample_bicubic2d_aa_backward",
        "upsample_bicubic2d_backward",
        "upsample_bilinear2d",
        "_upsample_bilinear2d_aa",
        "_upsample_bilinear2d_aa_backward",
        "upsample_bilinear2d_backward",
        "upsample_linear1d",
        "upsample_linear1d_backward",
        "upsample_nearest1d",
        "upsample_nearest1d_backward",
        "upsample_nearest2d",
        "upsample_nearest2d_backward",
        "upsample_nearest3d",
        "upsample_nearest3d_backward",
        "_upsample_nearest_exact1d",
        "_upsample_nearest_exact2d",
        "_upsample_nearest_exact2d_backward",
        "upsample_trilinear3d",
        "upsample_trilinear3d_backward",
        "var",
        "var_mean",
        "_weight_norm_interface",
        "_weight_norm_interface_backward",
        "where",
        "zero_",
        "zeros",
        "zeros_like",
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

    def matrix_by_vector(matrix: Any, _vector: Any, out_val: Any) -> int:
        return int(2 * matrix.numel())

    aten = torch.ops.aten
    return {
        **flop_counter.flop_registry,
        aten._scaled_dot_product_flash_attention_for_cpu: attention,
        aten._scaled_dot_product_flash_attention_for_cpu_backward: attention_backward,
        aten.mv: matrix_by_vector,
        aten.dot: matrix_by_vector,
        aten.vdot: matrix_by_vector,
        aten.mkldnn_rnn_layer: recurrence,
        aten.mkldnn_rnn_layer_backward: recurrence_backward,
    }
