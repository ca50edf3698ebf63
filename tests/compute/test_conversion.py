"""Models that convert themselves are traced as they are built for real."""

import pytest
import torch
from torch import nn

from heldout.compute.setup import Input, Precision, Variant
from heldout.compute.tracing import fake_tensors


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(10, 4)
        self.score = nn.Linear(4, 10, bias=False)
        self.score.weight = self.embed.weight

    def forward(self, ids):
        return self.score(self.embed(ids))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.read = nn.LSTM(8, 16, batch_first=True)
        self.score = nn.Linear(16, 4)

    def forward(self, steps):
        return self.score(self.read(steps)[0][:, -1])


@pytest.mark.parametrize("convert", [nn.Module.half, nn.Module.double, lambda net: net.to("cpu")])
def test_a_fake_model_converts_to_what_a_real_one_does(convert):
    def build():
        return convert(nn.Sequential(nn.Linear(8, 4), nn.BatchNorm1d(4)))

    with fake_tensors():
        fake = {name: (it.dtype, it.shape) for name, it in build().state_dict().items()}
    assert fake == {name: (it.dtype, it.shape) for name, it in build().state_dict().items()}


def test_tied_weights_stay_tied_and_frozen_ones_frozen():
    with fake_tensors():
        model = Tied()
        model.embed.weight.requires_grad_(False)
        model.half()
    assert model.score.weight is model.embed.weight
    assert not model.score.weight.requires_grad
    assert model.score.weight.dtype is torch.float16


def test_a_model_in_double_precision_takes_eight_bytes_a_parameter(traced):
    class Double(nn.Module):
        def __init__(self):
            super().__init__()
            self.score = nn.Linear(8, 4).double()

        def forward(self, numbers):
            return self.score(numbers.double())

    assert traced(Double).training(Variant()).weights.trainable_bytes == 8 * (8 * 4 + 4)


def test_a_recurrent_network_has_short_weights_where_they_are_asked_for(traced):
    source = traced(Recurrent, Input((5, 8)))
    short = source.training(Variant(Precision.BF16_WEIGHTS)).weights
    assert short.trainable_bytes * 2 == source.training(Variant()).weights.trainable_bytes


def test_afterwards_a_real_model_converts_as_ever():
    with fake_tensors():
        nn.Linear(8, 4).half()
    model = nn.Linear(8, 4)
    weight = model.weight
    assert model.half().weight is weight
