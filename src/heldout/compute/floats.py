"""Number formats of deep learning, bit by bit, from exact arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from heldout.errors import BadInput, Problem, did_you_mean


@dataclass(frozen=True, slots=True)
class Encoded:
    """A value as a format stores it.

    Attributes:
        bits: Sign, exponent and fraction, separated by spaces; the two's complement of an integer.
        hexadecimal: The bits left-aligned in whole bytes, as they lie in memory.
        value: What the bits stand for; infinite or NaN where the format overflows.
        error: `value` minus the number asked for; NaN where `value` is not finite.
    """

    format: str
    sign: str
    exponent: str
    fraction: str
    hexadecimal: str
    value: float
    error: float

    @property
    def bits(self) -> str:
        """The fields in the order they are stored, separated by spaces."""
        return " ".join(field for field in (self.sign, self.exponent, self.fraction) if field)


@dataclass(frozen=True, slots=True)
class Range:
    """What a format can hold."""

    format: str
    bits: int
    largest: float
    smallest_normal: float
    smallest: float
    epsilon: float
    decimal_digits: float


class NumberFormat(Protocol):
    """A way of storing numbers."""

    @property
    def name(self) -> str:
        """The name people type."""
        ...

    def encode(self, number: Fraction) -> Encoded:
        """Return the nearest value of the format, ties to even."""
        ...

    def range(self) -> Range:
        """Return the limits of the format."""
        ...


@dataclass(frozen=True, slots=True)
class Float:
    """A binary floating-point format as IEEE 754 defines them.

    Attributes:
        width: Bits it occupies in memory (tf32 lies in 32 of which it uses 19).
        infinite: False for e4m3, which spends the top exponent on numbers and has a NaN only.
    """

    name: str
    exponent_bits: int
    fraction_bits: int
    width: int
    infinite: bool = True

    @property
    def bias(self) -> int:
        """What is subtracted from the stored exponent."""
        return int(2 ** (self.exponent_bits - 1)) - 1

    @property
    def lowest_exponent(self) -> int:
        """The exponent of the smallest normal number."""
        return 1 - self.bias

    @property
    def largest(self) -> Fraction:
        """The largest finite number."""
        steps = 2 ** (self.fraction_bits + 1) - (1 if self.infinite else 2)
        top = self.bias if self.infinite else self.bias + 1
        return Fraction(steps) * Fraction(2) ** (top - self.fraction_bits)

    def encode(self, number: Fraction) -> Encoded:
        """Return the nearest representable value, ties to even; beyond the range, an infinity."""
        steps, exponent = self._round(abs(number))
        value = steps * Fraction(2) ** (exponent - self.fraction_bits)
        if value > self.largest:
            return self._overflow(number)
        leading = 2**self.fraction_bits
        stored = exponent + self.bias if steps >= leading else 0
        return self._pack(number, stored, steps % leading, float(value))

    def range(self) -> Range:
        """Return the limits of the format."""
        normal = Fraction(2) ** self.lowest_exponent
        epsilon = Fraction(2) ** -self.fraction_bits
        return Range(
            format=self.name,
            bits=1 + self.exponent_bits + self.fraction_bits,
            largest=float(self.largest),
            smallest_normal=float(normal),
            smallest=float(normal * epsilon),
            epsilon=float(epsilon),
            decimal_digits=round((self.fraction_bits + 1) * 0.30103, 1),
        )

    def _round(self, magnitude: Fraction) -> tuple[int, int]:
        """Return (steps, exponent) with magnitude ≈ steps · 2^(exponent - fraction bits)."""
        exponent = max(_binary_exponent(magnitude), self.lowest_exponent)
        steps = round(magnitude * Fraction(2) ** (self.fraction_bits - exponent))
        if steps == 2 ** (self.fraction_bits + 1):
            return steps // 2, exponent + 1
        return steps, exponent

    def _overflow(self, number: Fraction) -> Encoded:
        ones = 2**self.exponent_bits - 1
        if self.infinite:
            return self._pack(number, ones, 0, float("inf"))
        return self._pack(number, ones, 2**self.fraction_bits - 1, float("nan"))

    def _pack(self, number: Fraction, exponent: int, fraction: int, magnitude: float) -> Encoded:
        sign = "1" if number < 0 else "0"
        fields = (sign, f"{exponent:0{self.exponent_bits}b}", f"{fraction:0{self.fraction_bits}b}")
        value = -magnitude if number < 0 else magnitude
        finite = magnitude not in (float("inf"),) and magnitude == magnitude
        return Encoded(
            format=self.name,
            sign=fields[0],
            exponent=fields[1],
            fraction=fields[2],
            hexadecimal=_hexadecimal("".join(fields), self.width),
            value=value,
            error=float(Fraction(value) - number) if finite else float("nan"),
        )


@dataclass(frozen=True, slots=True)
class Integer:
    """A signed integer in two's complement. Numbers are rounded; beyond the range they saturate."""

    name: str
    width: int

    def encode(self, number: Fraction) -> Encoded:
        """Return the nearest integer in range, ties to even."""
        half = 2 ** (self.width - 1)
        value = min(max(round(number), -half), half - 1)
        bits = f"{value % 2**self.width:0{self.width}b}"
        return Encoded(
            format=self.name,
            sign=bits[0],
            exponent="",
            fraction=bits[1:],
            hexadecimal=_hexadecimal(bits, self.width),
            value=float(value),
            error=float(value - number),
        )

    def range(self) -> Range:
        """Return the limits of the format."""
        largest = float(2 ** (self.width - 1) - 1)
        digits = round((self.width - 1) * 0.30103, 1)
        return Range(self.name, self.width, largest, 1.0, 1.0, 1.0, digits)


FORMATS: dict[str, NumberFormat] = {
    entry.name: entry
    for entry in (
        Float("fp32", 8, 23, 32),
        Float("tf32", 8, 10, 32),
        Float("bf16", 8, 7, 16),
        Float("fp16", 5, 10, 16),
        Float("fp8e4m3", 4, 3, 8, infinite=False),
        Float("fp8e5m2", 5, 2, 8),
        Integer("int8", 8),
    )
}


def explain(text: str, *, format_name: str) -> Encoded:
    """Encode the decimal number in `text`, exactly as written, in a format.

    Raises:
        BadInput: The text is no finite number, or the format is unknown.
    """
    return find_format(format_name).encode(_read_number(text))


def find_format(name: str) -> NumberFormat:
    """Return a number format by name.

    Raises:
        BadInput: There is no such format.
    """
    if name not in FORMATS:
        remedy = did_you_mean(name, FORMATS) or f"known: {', '.join(FORMATS)}"
        raise BadInput([Problem("--format", f'there is no format "{name}"', remedy)])
    return FORMATS[name]


def _read_number(text: str) -> Fraction:
    if len(text) <= 60 and abs(_power_of_ten(text)) <= 400:
        try:
            return Fraction(text)
        except (ValueError, ZeroDivisionError):
            pass
    raise BadInput([Problem("number", f'"{text[:60]}" is not a finite number', "such as 123.456")])


def _power_of_ten(text: str) -> int:
    """Return the exponent written behind an e: 1e999999999 must not be expanded."""
    _, _, exponent = text.lower().partition("e")
    try:
        return int(exponent or "0")
    except ValueError:
        return 0


def _binary_exponent(magnitude: Fraction) -> int:
    """Return e with 2^e <= magnitude < 2^(e+1); far below any format's range for zero."""
    if magnitude == 0:
        return -(10**6)
    guess = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    return guess if Fraction(2) ** guess <= magnitude else guess - 1


def _hexadecimal(bits: str, width: int) -> str:
    return f"0x{int(bits.ljust(width, '0'), 2):0{width // 4}X}"
