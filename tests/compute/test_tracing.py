"""Models of every shape: what the tracer must not stumble over."""

import pytest
import torch
from torch import nn

from heldout.compute.budget import inference_budget, training_budget
from heldout.compute.memory import Phase
from heldout.compute.setup import Input, Precision, TrainingSetup, Variant
from heldout.compute.stepping import check_smallest_batch
from heldout.compute.tracing import trace_training
from heldout.errors import BadInput

PLAIN = Variant()


class Tied(nn.Module):
    """Embedding and head share their weights."""

    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(50, 16)
        self.head = nn.Linear(16, 50, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, ids):
        return self.head(self.tokens(ids))


class Shared(nn.Module):
    """One input goes into two branches; the output is a dictionary."""

    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Linear(8, 4), nn.Linear(8, 4)

    def forward(self, x):
        return {"left": self.left(x), "right": self.right(x).relu_()}


class Branching(nn.Module):
    """Computes by what it sees, which fake tensors cannot show."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 4)

    def forward(self, x):
        out = self.layer(x)
        return out * 2 if out.detach().abs().sum() >= 0 else out


class Chancy(nn.Module):
    """Computes twice as much for half of all batches."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, x):
        return self.layer(x) if x.sum() > 0 else self.layer(self.layer(x))


class Spectral(nn.Module):
    """Uses an operation that has no FLOP formula."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, x):
        return torch.fft.rfft(self.layer(x)).abs()


class TwoInputs(nn.Module):
    """Takes ids and numbers."""

    def __init__(self):
        super().__init__()
        self.tokens, self.layer = nn.Embedding(2, 8), nn.Linear(8, 4)

    def forward(self, ids, x):
        return self.layer(self.tokens(ids) + x)


@torch.library.custom_op("heldout_test::doubled", mutates_args=())
def doubled(x: torch.Tensor) -> torch.Tensor:
    """An operation of somebody's own."""
    return x * 2


@doubled.register_fake
def _(x):
    return torch.empty_like(x)


doubled.register_autograd(lambda context, gradient: gradient * 2)


class Custom(nn.Module):
    """Uses somebody's own operation."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 4)

    def forward(self, x):
        return doubled(self.layer(x))


def frozen_body():
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 4))
    model[0].requires_grad_(False)
    return model


def test_tied_weights_count_once(traced):
    footprint = traced(Tied, Input((5,), integer=True)).training(PLAIN)
    assert footprint.weights.total == 50 * 16
    assert training_budget(footprint, TrainingSetup()).peak(2).parameters == 4 * 50 * 16


def test_frozen_layers_have_neither_gradients_nor_state(traced):
    source = traced(frozen_body)
    weights = source.training(PLAIN).weights
    assert (weights.total, weights.trainable) == (8 * 32 + 32 + 32 * 4 + 4, 32 * 4 + 4)
    peak = training_budget(source.training(PLAIN), TrainingSetup(optimizer="sgd")).peak(1)
    assert peak.gradients <= 4 * weights.trainable
    adam = training_budget(source.training(PLAIN), TrainingSetup(optimizer="adam")).peak(1)
    assert adam.optimizer == 8 * weights.trainable + 4 * 2


def test_outputs_may_be_dictionaries_and_inputs_may_be_shared(traced):
    operations = traced(Shared).inference(PLAIN).operations
    assert operations.total_flops(1) == 2 * 2 * 8 * 4


def test_a_model_may_take_ids_and_numbers(traced):
    source = traced(TwoInputs, Input((), integer=True), Input((8,)))
    assert source.inference(PLAIN).operations.total_flops(3) == 3 * 2 * 8 * 4


def test_in_place_operations_hold_no_second_copy(traced):
    def forward_peak(inplace):
        def build():
            return nn.Sequential(nn.Linear(8, 64), nn.ReLU(inplace=inplace), nn.Linear(64, 4))

        return inference_budget(traced(build).inference(PLAIN)).peak(1000).activations

    assert forward_peak(inplace=False) - forward_peak(inplace=True) == 4 * (64 - 4) * 1000


def test_a_model_that_branches_on_its_data_is_measured_and_says_so(traced):
    footprint = traced(Branching).training(PLAIN)
    assert any("measured instead of traced" in note for note in footprint.notes)
    assert footprint.operations.total_flops(1, Phase.FORWARD) == 2 * 8 * 4


def test_a_branching_model_takes_one_branch_at_every_batch(traced):
    operations = traced(Chancy).inference(PLAIN).operations
    assert operations.total_flops(1) in {2 * 8 * 8, 4 * 8 * 8}
    assert operations.total_flops(100) == 100 * operations.total_flops(1)


def test_an_operation_without_a_formula_is_listed_as_uncounted(traced):
    footprint = traced(Spectral).training(PLAIN)
    assert footprint.uncounted.keys() == {"aten._fft_r2c", "aten._fft_c2r"} or (
        "aten._fft_r2c" in footprint.uncounted
    )


class Recurrent(nn.Module):
    """An LSTM read at its last step."""

    def __init__(self):
        super().__init__()
        self.cells, self.layer = nn.LSTM(16, 32, batch_first=True), nn.Linear(32, 5)

    def forward(self, x):
        return self.layer(self.cells(x)[0][:, -1])


def test_the_matrix_products_of_an_lstm_are_counted(traced):
    source = traced(Recurrent, Input((20, 16)))
    gates = 2 * 20 * 4 * 32 * (16 + 32)
    inference, training = source.inference(PLAIN), source.training(PLAIN)
    assert inference.operations.total_flops(3) == 3 * (gates + 2 * 32 * 5)
    assert inference.uncounted == training.uncounted == {}


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (lambda: nn.TransformerEncoderLayer(16, 4, batch_first=True), (5, 16)),
        (lambda: nn.Sequential(nn.Linear(16, 16), nn.Hardswish(), nn.ReLU6(), nn.PReLU()), (16,)),
        (lambda: nn.Sequential(nn.Linear(16, 16), nn.GLU(), nn.Mish(), nn.Softplus()), (16,)),
        (lambda: nn.Sequential(nn.Conv2d(3, 8, 1), nn.PixelShuffle(2), nn.PReLU()), (3, 8, 8)),
        (lambda: nn.Sequential(nn.Conv2d(3, 8, 1), nn.AdaptiveMaxPool2d(2)), (3, 8, 8)),
        (lambda: nn.Sequential(nn.Conv3d(1, 2, 1), nn.AdaptiveAvgPool3d(2)), (1, 4, 4, 4)),
    ],
)
def test_layers_in_common_use_leave_nothing_uncounted(traced, layer, shape):
    assert not traced(layer, Input(shape)).training(Variant()).uncounted


def test_a_gated_recurrent_network_leaves_nothing_uncounted(traced):
    class Gated(nn.GRU):
        def forward(self, steps):
            return super().forward(steps)[0]

    source = traced(lambda: Gated(16, 16, batch_first=True), Input((5, 16)))
    assert not source.training(Variant()).uncounted


def test_a_product_of_matrix_and_vector_counts_two_flops_an_entry(traced):
    class Score(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(8))

        def forward(self, numbers):
            return numbers.mv(self.weight)

    operations = traced(Score).inference(Variant()).operations
    assert operations.total_flops(3) == 2 * 3 * 8


def test_a_custom_operation_is_listed_as_uncounted(traced):
    footprint = traced(Custom).inference(PLAIN)
    assert footprint.uncounted == {"heldout_test.doubled": 1}
    assert footprint.operations.total_flops(1) == 2 * 8 * 4


def test_batch_norm_on_single_values_refuses_one_example_and_names_the_layer(traced):
    def build():
        return nn.Sequential(nn.Linear(8, 4), nn.BatchNorm1d(4))

    source = traced(build)
    assert source.training(PLAIN).weights.total == 8 * 4 + 4 + 8
    with pytest.raises(BadInput, match=r"layer 1 \(BatchNorm1d\).*more than 1 value per channel"):
        check_smallest_batch(source.recipe, PLAIN)


def test_batch_norm_over_an_image_accepts_one_example(traced):
    def build():
        return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))

    check_smallest_batch(traced(build, Input((3, 8, 8))).recipe, PLAIN)


def test_an_impossible_shape_names_the_layer_and_the_shape_and_no_more(traced, perceptron, capfd):
    source = traced(perceptron.recipe.build, Input((9,)))
    with pytest.raises(BadInput, match=r"layer 0 \(Linear\): does not accept the shape 2x9"):
        source.training(PLAIN)
    assert capfd.readouterr() == ("", "")


def test_autocast_keeps_long_weights_and_caches_short_copies(perceptron):
    weights = perceptron.training(PLAIN).weights
    short = perceptron.training(Variant(Precision.BF16))
    pure = perceptron.training(Variant(Precision.BF16_WEIGHTS))
    assert short.weights.trainable_bytes == weights.trainable_bytes
    assert pure.weights.trainable_bytes == weights.trainable_bytes // 2
    held = short.live.constant[:, 0].max()
    assert weights.trainable_bytes < held <= 1.5 * weights.trainable_bytes


def test_gradients_of_an_earlier_micro_batch_are_there_from_the_start(perceptron):
    footprint = perceptron.training(Variant(accumulating=True))
    assert (footprint.live.constant[:, 1] >= footprint.weights.trainable_bytes).all()


def test_tracing_leaves_torch_as_it_was(perceptron):
    perceptron.training(PLAIN)
    assert type(torch.ones(2)) is torch.Tensor
    assert not torch.is_autocast_enabled("cpu")


def test_a_real_step_shows_the_same_bytes_as_a_fake_one(perceptron):
    recipe = perceptron.recipe
    fake, real = (trace_training(recipe, batches=[3], fake=fake)[0] for fake in (True, False))
    assert fake.timeline == real.timeline
    assert [op.name for op in fake.operations] == [op.name for op in real.operations]
