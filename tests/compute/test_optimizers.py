"""Optimizer state and scratch memory, compared with torch's own optimizers."""

import pytest
import torch
from torch import nn

from heldout.compute.optimizers import OPTIMIZERS, find_optimizer
from heldout.compute.weights import measure_weights
from heldout.errors import BadInput

TORCH = {
    "sgd": torch.optim.SGD,
    "momentum": lambda weights: torch.optim.SGD(weights, momentum=0.9),
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "adagrad": torch.optim.Adagrad,
    "rmsprop": torch.optim.RMSprop,
    "adafactor": torch.optim.Adafactor,
}


@pytest.mark.parametrize("name", TORCH)
def test_state_is_as_large_as_torch_makes_it(name):
    model = nn.Sequential(nn.Linear(30, 20), nn.Conv2d(3, 4, 5), nn.LayerNorm(7))
    optimizer = TORCH[name](model.parameters())
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    held = sum(
        value.untyped_storage().nbytes()
        for state in optimizer.state.values()
        for value in state.values()
        if isinstance(value, torch.Tensor)
    )
    assert find_optimizer(name).state_bytes(measure_weights(model)) == held


def test_eight_bit_states_take_a_quarter_and_their_scales():
    weights = measure_weights(nn.Linear(256, 256, bias=False))
    lean, full = OPTIMIZERS["adamw8bit"], OPTIMIZERS["adam"]
    assert lean.state_bytes(weights) == 2 * (256 * 256 + 4 * 256)
    assert lean.state_bytes(weights) < 0.26 * full.state_bytes(weights)


def test_gpus_update_all_parameters_in_one_call():
    weights = measure_weights(nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 4)))
    adam = OPTIMIZERS["adam"]
    assert adam.scratch_bytes(weights, all_at_once=True) == weights.trainable_bytes
    assert adam.scratch_bytes(weights, all_at_once=False) == 2 * 4 * 64


def test_an_unknown_optimizer_names_the_nearest():
    with pytest.raises(BadInput, match='did you mean "adamw"'):
        find_optimizer("admw")
