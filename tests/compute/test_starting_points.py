"""What training the usual models on a data set takes."""

from datetime import date

import pytest

from heldout.compute.devices import built_in_devices, find_device
from heldout.compute.named import MODELS, SHIPPED_VARIANTS
from heldout.compute.report import duration_words
from heldout.compute.roofline import Span
from heldout.compute.setup import Variant
from heldout.compute.starting_points import STARTING_POINTS, StartingPoint, outlook
from heldout.datasets.tasks import TASKS

DEVICES = built_in_devices()
T4 = find_device("t4", DEVICES)
EDGE = find_device("jetson-tx1", DEVICES)


def look(start, *, examples=50_000, devices=DEVICES, on=(T4,)):
    return outlook(start, examples=examples, devices=devices, on=on, today=date(2026, 11, 1))


@pytest.mark.parametrize("task", STARTING_POINTS)
def test_every_starting_point_is_a_model_with_traces_for_a_known_task(task):
    assert task in TASKS
    for start in STARTING_POINTS[task]:
        assert start.model in MODELS
        assert Variant(start.precision) in SHIPPED_VARIANTS


def test_twice_the_epochs_take_twice_the_time_and_rent():
    once, twice = (look(StartingPoint("resnet18", epochs=epochs)) for epochs in (10, 20))
    assert twice.hours[0] == pytest.approx(once.hours[0].times(2))
    assert twice.rents[0] == pytest.approx(once.rents[0].times(2))
    assert once.rents[0].mid == pytest.approx(once.hours[0].mid * float(T4.rent_usd_h))


def test_the_smallest_device_has_enough_and_every_smaller_one_has_not():
    found = look(StartingPoint("resnet50", batch=128))
    smaller = [it for it in DEVICES if it.trains and it.memory_gb < found.smallest.memory_gb]
    assert found.smallest.memory_gb * 1e9 > found.memory.peak_bytes
    assert look(StartingPoint("resnet50", batch=128), devices=smaller).smallest is None


def test_a_run_that_does_not_fit_has_no_time():
    found = look(StartingPoint("llama-7b", batch=8), on=(EDGE,))
    assert found.hours == (None,)
    assert found.rents == (None,)


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (Span(0.001, 0.0015, 0.002), "3.6 to 7.2 seconds"),
        (Span(0.5, 0.8, 1.5), "30 to 90 minutes"),
        (Span(12, 17, 29), "12 to 29 hours"),
        (Span(240, 343, 583), "10 to 24 days"),
        (None, "not known"),
    ],
)
def test_a_time_is_written_in_the_unit_it_is_read_best_in(hours, words):
    assert duration_words(hours) == words
