"""The lectures' formula and the numbers they print."""

import pytest

from heldout.compute.devices import built_in_devices, find_device
from heldout.compute.fitting import Verdict, verdict
from heldout.compute.formula import read_estimate
from heldout.compute.formula_plan import FormulaPlan
from heldout.compute.memory import in_both_units
from heldout.errors import BadInput

LECTURE = read_estimate(parameters=100e6, activations=10e6, input_bytes=1e6)


def test_the_lecture_example_takes_eleven_and_a_half_gigabytes_to_train():
    training = LECTURE.training(128)
    assert training.peak_bytes == 11_568_000_000
    assert in_both_units(training.peak_bytes) == "11.57 GB (10.77 GiB)"


def test_inference_of_the_lecture_example_takes_four_bytes_a_parameter():
    assert LECTURE.inference().peak_bytes == 401_000_000


def test_the_figure_without_the_four_bytes_is_shown_and_said_to_be_wrong():
    plan = FormulaPlan(LECTURE, 128, built_in_devices()).to_json()
    (sentence,) = [text for text in plan["assumptions"] if "101 MB" in text]
    assert "drops the four bytes" in sentence


@pytest.mark.parametrize(
    ("device", "expected"),
    [("gtx1080ti", Verdict.NO), ("t4", Verdict.YES), ("v100-sxm2-16", Verdict.YES)],
)
def test_eleven_gigabytes_do_not_hold_the_lecture_example_and_sixteen_do(device, expected):
    row = find_device(device, built_in_devices())
    assert verdict(LECTURE.training(128), row) is expected


def test_the_largest_batch_is_the_last_one_that_fits():
    largest = LECTURE.largest_batch(16_000_000_000)
    assert LECTURE.training(largest).peak_bytes <= 16_000_000_000
    assert LECTURE.training(largest + 1).peak_bytes > 16_000_000_000


def test_no_batch_fits_where_the_weights_alone_do_not():
    assert LECTURE.largest_batch(1_000_000_000) == 0


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -1.0])
def test_an_impossible_number_of_parameters_is_refused(number):
    with pytest.raises(BadInput, match="--params"):
        read_estimate(parameters=number)


def test_all_impossible_numbers_are_named_at_once():
    with pytest.raises(BadInput) as refused:
        read_estimate(parameters=-1, activations=-1, input_bytes=float("nan"))
    assert [problem.place for problem in refused.value.problems] == [
        "--params",
        "--activations",
        "--input-bytes",
    ]


def test_small_sizes_are_written_in_megabytes():
    assert in_both_units(1_500_000) == "1.5 MB (1.43 MiB)"
    assert in_both_units(1_710) == "1,710 bytes"


def test_large_sizes_are_written_with_separators_and_in_terabytes():
    assert in_both_units(1_234_567_000_000) == "1,234.57 GB (1,149.78 GiB)"
    assert in_both_units(50e12) == "50.00 TB (45.47 TiB)"


def test_more_parameters_than_any_computer_holds_are_refused():
    with pytest.raises(BadInput, match="1e\\+30 is more than any computer holds"):
        read_estimate(parameters=1e30)
