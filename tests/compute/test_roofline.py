"""Time of a step against rates worked out by hand."""

from dataclasses import replace

import pytest

from heldout.compute.devices import built_in_devices, find_device
from heldout.compute.roofline import (
    ASSUMED_MFU,
    LAUNCH_SECONDS,
    efficiencies,
    roofline_seconds,
    step_seconds,
)
from heldout.compute.setup import Precision, TrainingSetup, Variant

T4 = find_device("t4", built_in_devices())


@pytest.fixture(scope="module")
def footprint(perceptron):
    return perceptron.training(Variant())


def test_a_huge_batch_is_bound_by_the_slower_of_rate_and_bandwidth(footprint):
    batch = 10**9
    operations = footprint.operations
    computing = operations.flops.at(batch) / 8.14e12
    moving = operations.bytes.at(batch) / 320e9
    expected = sum(
        count * max(*each) for count, *each in zip(operations.count, computing, moving, strict=True)
    )
    assert roofline_seconds(footprint, batch, T4, Precision.FP32) == pytest.approx(
        expected, rel=1e-6
    )


def test_a_tiny_batch_is_bound_by_starting_kernels(footprint):
    seconds = roofline_seconds(footprint, 1, T4, Precision.FP32)
    assert seconds == pytest.approx(footprint.operations.count.sum() * LAUNCH_SECONDS)


def test_no_step_is_faster_than_the_best_published_share_of_peak(footprint):
    setup = TrainingSetup(batch=10**9)
    fast = replace(T4, bandwidth_gbs=1e12)
    seconds = step_seconds(footprint, setup, fast)
    flops = footprint.operations.total_flops(10**9)
    assert seconds.mid >= flops / (ASSUMED_MFU * 8.14e12)


def test_a_measured_machine_is_believed(footprint):
    setup = TrainingSetup(batch=10**6)
    assert (
        step_seconds(footprint, setup, replace(T4, measured=True)).mid
        <= step_seconds(footprint, setup, T4).mid
    )


def test_the_range_holds_its_middle(footprint):
    seconds = step_seconds(footprint, TrainingSetup(batch=64), T4)
    assert (seconds.low, seconds.high) == pytest.approx((0.7 * seconds.mid, 1.7 * seconds.mid))


def test_unknown_rates_give_no_time(footprint):
    unknown = replace(T4, bandwidth_gbs=None)
    assert step_seconds(footprint, TrainingSetup(), unknown) is None


def test_accumulation_takes_as_long_as_its_parts(perceptron):
    once = step_seconds(perceptron.training(Variant()), TrainingSetup(batch=16), T4)
    parts = step_seconds(
        perceptron.training(Variant(accumulating=True)), TrainingSetup(batch=16, accumulation=4), T4
    )
    assert parts.mid > once.mid


def test_every_published_share_of_peak_is_a_share_and_has_a_source():
    for known in efficiencies().values():
        assert 0.1 < known.mfu < 0.7
        assert known.source
