"""Number formats, compared with struct (fp32, fp16) and torch (bf16, fp8)."""

import math
import struct
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heldout.compute.floats import FORMATS, explain
from heldout.errors import BadInput

TORCH = {
    "bf16": (torch.bfloat16, torch.int16),
    "fp16": (torch.float16, torch.int16),
    "fp8e4m3": (torch.float8_e4m3fn, torch.uint8),
    "fp8e5m2": (torch.float8_e5m2, torch.uint8),
}
ordinary = st.floats(min_value=-400, max_value=400, allow_nan=False, width=32)


def test_the_lecture_example_in_fp32():
    encoded = explain("123.456", format_name="fp32")
    assert encoded.bits == "0 10000101 11101101110100101111001"
    assert encoded.hexadecimal == "0x42F6E979"
    assert encoded.value == 123.45600128173828
    assert encoded.error == pytest.approx(1.28173828e-06)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_fp32_bits_are_those_of_struct(number):
    encoded = FORMATS["fp32"].encode(Fraction(number))
    expected = struct.pack(">f", number if number else 0.0)
    assert encoded.hexadecimal == f"0x{expected.hex().upper()}"
    assert encoded.value == number


@given(st.floats(min_value=-65000, max_value=65000, allow_nan=False))
def test_fp16_bits_are_those_of_struct(number):
    encoded = FORMATS["fp16"].encode(Fraction(number))
    assert struct.pack(">e", encoded.value) == struct.pack(">e", number or 0.0) or number == 0
    assert abs(encoded.value) == abs(struct.unpack(">e", struct.pack(">e", number))[0])


@pytest.mark.parametrize("name", TORCH)
@given(number=ordinary)
def test_short_formats_round_as_torch_does(name, number):
    kind, bits = TORCH[name]
    tensor = torch.tensor(number if number else 0.0, dtype=torch.float32).to(kind)
    width = torch.finfo(kind).bits
    encoded = FORMATS[name].encode(Fraction(number))
    assert int(encoded.hexadecimal, 16) == int(tensor.view(bits)) % 2**width


@pytest.mark.parametrize("name", TORCH)
def test_the_limits_of_a_format_are_those_torch_states(name):
    known, stated = FORMATS[name].range(), torch.finfo(TORCH[name][0])
    assert known.largest == stated.max
    assert known.smallest_normal == stated.smallest_normal
    assert known.epsilon == stated.eps
    assert known.bits == stated.bits


def test_tf32_keeps_the_range_of_fp32_and_the_precision_of_fp16():
    known = {name: FORMATS[name].range() for name in ("fp32", "tf32", "fp16")}
    assert known["tf32"].smallest_normal == known["fp32"].smallest_normal
    assert known["tf32"].epsilon == known["fp16"].epsilon
    assert explain("123.456", format_name="tf32").hexadecimal == "0x42F6E000"


def test_what_is_too_large_becomes_infinite_or_nan():
    assert explain("1e6", format_name="fp16").value == math.inf
    assert explain("-1e6", format_name="fp16").value == -math.inf
    assert math.isnan(explain("1e6", format_name="fp8e4m3").value)


def test_an_integer_format_saturates():
    encoded = explain("-200.7", format_name="int8")
    assert (encoded.value, encoded.bits, encoded.hexadecimal) == (-128.0, "1 0000000", "0x80")


def test_ties_go_to_even():
    assert explain("2.5", format_name="int8").value == 2
    assert explain("1.00390625", format_name="bf16").value == 1.0


@pytest.mark.parametrize("text", ["", "abc", "nan", "inf", "1/0", "1e999999999", "9" * 100])
def test_what_is_no_finite_number_is_refused(text):
    with pytest.raises(BadInput, match="is not a finite number"):
        explain(text, format_name="fp32")


def test_an_unknown_format_names_the_nearest():
    with pytest.raises(BadInput, match='did you mean "bf16"'):
        explain("1", format_name="bf61")
