"""The ladder of what to change so that it fits."""

from dataclasses import replace

import pytest

from heldout.compute.advice import advise
from heldout.compute.devices import built_in_devices, find_device
from heldout.compute.fitting import Verdict
from heldout.compute.models.language import GPT
from heldout.compute.setup import Input, TrainingSetup

DEVICES = built_in_devices()
A100 = find_device("a100-sxm-40", DEVICES)


@pytest.fixture(scope="module")
def language_model(traced):
    def build():
        return GPT(vocabulary=500, context=64, width=64, depth=4, heads=4)

    return traced(build, Input((64,), integer=True, classes=500))


def small(gigabytes):
    """A device with this much memory on top of what it takes for itself."""
    return replace(A100, memory_gb=0.6 + gigabytes)


def test_what_fits_needs_no_advice(language_model):
    assert advise(language_model, TrainingSetup(batch=8), A100, DEVICES).steps == ()


def test_a_smaller_micro_batch_comes_first_and_is_enough_where_it_is(language_model):
    advice = advise(language_model, TrainingSetup(batch=512), small(0.06), DEVICES)
    (step,) = advice.steps
    assert step.options.startswith("--accumulation")
    assert step.fits is Verdict.YES
    assert step.setup.micro_batch <= step.largest_batch


def test_steps_are_tried_in_the_order_of_their_cost_until_one_fits(language_model):
    advice = advise(language_model, TrainingSetup(batch=2), small(0.0035), DEVICES)
    options = [step.options.split()[0] for step in advice.steps]
    order = [
        *("--accumulation", "--precision", "--checkpointing", "--optimizer"),
        *("--sharding", "--offload", "--device"),
    ]
    assert options == sorted(options, key=order.index)
    assert [step.fits for step in advice.steps[:-1]].count(Verdict.YES) == 0
    assert advice.steps[-1].fits is Verdict.YES


def test_every_change_stays_for_the_steps_after_it(language_model):
    advice = advise(language_model, TrainingSetup(batch=2), small(0.0016), DEVICES)
    sharded = next(step for step in advice.steps if "--sharding" in step.options)
    assert sharded.setup.checkpointing
    assert sharded.setup.optimizer == "adamw8bit"


def test_a_device_without_bf16_is_not_told_to_use_it(language_model):
    turing = replace(find_device("t4", DEVICES), memory_gb=0.6035)
    advice = advise(language_model, TrainingSetup(batch=2), turing, DEVICES)
    assert not any("bf16" in step.options for step in advice.steps)


def test_the_outcome_is_written_for_ray_and_skypilot(language_model):
    files = advise(language_model, TrainingSetup(batch=8), A100, DEVICES).launch_files()
    assert files["ray"] == (
        'ray.train.ScalingConfig(num_workers=1, use_gpu=True, accelerator_type="A100-40G")'
    )
    assert "accelerators: A100:1" in files["skypilot"]
