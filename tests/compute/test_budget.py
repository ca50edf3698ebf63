"""Sharding, offloading and the largest batch, in closed form."""

import pytest

from heldout.compute.budget import inference_budget, training_budget
from heldout.compute.setup import Sharding, TrainingSetup, Variant


@pytest.fixture(scope="module")
def footprint(perceptron):
    return perceptron.training(Variant())


def peak(footprint, batch=4, **changes):
    return training_budget(footprint, TrainingSetup(**changes)).peak(batch)


def test_zero_divides_the_state_then_the_gradients_then_the_parameters(footprint):
    alone = peak(footprint)
    stages = [
        training_budget(footprint, TrainingSetup(sharding=sharding, workers=4))
        for sharding in (Sharding.ZERO1, Sharding.ZERO2, Sharding.ZERO3)
    ]
    state = alone.optimizer
    assert [budget.optimizer for budget in stages] == [state / 4] * 3
    gradients = footprint.weights.trainable_bytes
    assert stages[0].lines.constant[:, 1].max() == gradients
    assert stages[1].lines.constant[:, 1].max() == gradients / 4
    parameters = stages[2].lines.constant[:, 0].max()
    assert parameters == footprint.weights.trainable_bytes / 4 + footprint.weights.gathered_bytes


def test_ddp_keeps_a_second_copy_of_all_gradients_in_buckets(footprint):
    alone = peak(footprint, optimizer="sgd")
    together = peak(footprint, optimizer="sgd", sharding=Sharding.DDP, workers=2)
    assert together.workspace - alone.workspace == footprint.weights.trainable_bytes


def test_offloading_takes_the_state_off_the_device(footprint):
    assert peak(footprint, offload=True).optimizer == 0


def test_one_worker_shards_nothing(footprint):
    assert peak(footprint, sharding=Sharding.ZERO3).optimizer == peak(footprint).optimizer


def test_the_parts_add_up_to_the_peak(footprint):
    memory = peak(footprint, batch=100)
    parts = (memory.parameters, memory.gradients, memory.optimizer, memory.activations)
    assert memory.peak_bytes == sum(parts) + memory.workspace


@pytest.mark.parametrize("usable", [20_000, 100_000, 1_000_000, 123_456_789])
def test_the_largest_batch_is_the_last_one_that_fits(footprint, usable):
    budget = training_budget(footprint, TrainingSetup(optimizer="adam"))
    largest = budget.largest_batch(usable)
    if largest:
        assert budget.peak(largest).peak_bytes <= usable
    assert budget.peak(largest + 1).peak_bytes > usable


def test_no_batch_fits_where_the_weights_do_not(footprint):
    assert training_budget(footprint, TrainingSetup()).largest_batch(1000) == 0


def test_inference_keeps_no_gradients_and_less_activations(perceptron, footprint):
    inference = inference_budget(perceptron.inference(Variant())).peak(64)
    training = peak(footprint, batch=64)
    assert inference.gradients == inference.optimizer == 0
    assert inference.activations < training.activations


def test_micro_batches_share_out_the_batch():
    assert TrainingSetup(batch=10, accumulation=4).micro_batch == 3
    assert TrainingSetup(batch=8, accumulation=8).micro_batch == 1
