"""`heldout explain`: number formats bit by bit, and a convolution as a matrix product."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Annotated

import typer

from heldout.cli.output import print_json, print_table
from heldout.compute.convolution import correlate, toeplitz
from heldout.compute.floats import FORMATS
from heldout.compute.floats import explain as encode
from heldout.errors import BadInput, Problem

explain = typer.Typer(
    add_completion=False,
    rich_markup_mode="markdown",
    no_args_is_help=True,
    help="Explain a number format or a convolution with your own numbers.",
)

MOST_VALUES = 64


@explain.command("float", context_settings={"ignore_unknown_options": True})
def explain_float(
    number: Annotated[str, typer.Argument(help="Any decimal number, such as `123.456`.")],
    format: Annotated[
        str, typer.Option(help="`fp32`, `tf32`, `bf16`, `fp16`, `fp8e4m3`, `fp8e5m2`, `int8`.")
    ] = "fp32",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Sign, exponent, fraction, stored value and error of a number in a format."""
    encoded = encode(number, format_name=format)
    if as_json:
        print_json(
            {**asdict(encoded), "bits": encoded.bits, "range": asdict(FORMATS[format].range())}
        )
        return
    print_table(
        ("", ""),
        [
            ("bits", encoded.bits),
            ("hexadecimal", encoded.hexadecimal),
            ("value", repr(encoded.value)),
            ("error", "–" if math.isnan(encoded.error) else f"{encoded.error:.6g}"),
        ],
    )


@explain.command("formats")
def explain_formats(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """The range and precision of every format."""
    ranges = [known.range() for known in FORMATS.values()]
    if as_json:
        print_json({"formats": [asdict(known) for known in ranges]})
        return
    columns = ("Format", "Bits", "Largest", "Smallest normal", "Smallest", "Epsilon", "Digits")
    rows = (
        (
            known.format,
            str(known.bits),
            *(
                f"{value:.4g}"
                for value in (known.largest, known.smallest_normal, known.smallest, known.epsilon)
            ),
            f"{known.decimal_digits:g}",
        )
        for known in ranges
    )
    print_table(columns, rows)


@explain.command("convolution")
def explain_convolution(
    signal: Annotated[str, typer.Option(help="Numbers with commas, such as `1,2,3,4,5`.")],
    kernel: Annotated[str, typer.Option(help="Numbers with commas, such as `2,3,5`.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """A convolution layer (a correlation) as a Toeplitz matrix times the signal."""
    values, weights = read_numbers("--signal", signal), read_numbers("--kernel", kernel)
    matrix = toeplitz(weights, len(values)).tolist()
    result = correlate(values, weights).tolist()
    if as_json:
        print_json({"matrix": matrix, "result": result, "macs": len(values) * len(weights)})
        return
    columns = [*(f"x{index + 1}" for index in range(len(values))), "="]
    rows = [
        [*(f"{cell:g}" for cell in row), f"{sum_:g}"]
        for row, sum_ in zip(matrix, result, strict=True)
    ]
    print_table(columns, rows)


def read_numbers(place: str, text: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if not 0 < len(numbers) <= MOST_VALUES or not all(map(math.isfinite, numbers)):
        remedy = f"give 1 to {MOST_VALUES} numbers with commas, such as 1,2,3"
        raise BadInput([Problem(place, f'"{text[:60]}" are no numbers', remedy)])
    return numbers
