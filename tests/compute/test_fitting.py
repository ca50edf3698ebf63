"""Verdicts near the limit."""

from dataclasses import replace

import pytest

from heldout.compute.budget import training_budget
from heldout.compute.devices import built_in_devices, find_device
from heldout.compute.fitting import Verdict, runtime_bytes, verdict, with_runtime
from heldout.compute.memory import AUTOCAST_RESERVE, GB, GIB, RESERVE, Memory
from heldout.compute.setup import Precision, TrainingSetup, Variant

T4 = find_device("t4", built_in_devices())
OWN = runtime_bytes(T4)


@pytest.mark.parametrize(
    ("peak", "expected"),
    [
        ((16 * GB - OWN) / (1 + RESERVE) - 1, Verdict.YES),
        ((16 * GB - OWN) / (1 + RESERVE) + 1, Verdict.UNCERTAIN),
        (16 * GIB - OWN, Verdict.UNCERTAIN),
        (16 * GIB - OWN + 1, Verdict.NO),
    ],
)
def test_near_the_limit_the_answer_is_uncertain(peak, expected):
    assert verdict(Memory(activations=int(peak)), T4) is expected


def test_the_runtime_stands_apart_from_the_models_own_bytes():
    memory = with_runtime(Memory(parameters=100), T4)
    assert memory.peak_bytes == 100
    assert memory.total_bytes == 100 + OWN
    assert memory.runtime == OWN > 0


def test_a_device_that_shares_its_memory_gives_less_of_it():
    jetson = find_device("jetson-orin-nano", built_in_devices())
    card = replace(jetson, device_class="consumer")
    assert runtime_bytes(jetson) > runtime_bytes(card)


def test_autocast_on_a_gpu_needs_a_larger_reserve(perceptron):
    setup = TrainingSetup(precision=Precision.BF16)
    footprint = perceptron.training(Variant(Precision.BF16))
    reserves = [training_budget(footprint, setup, on_gpu=gpu).reserve for gpu in (False, True)]
    assert reserves == [RESERVE, AUTOCAST_RESERVE]
