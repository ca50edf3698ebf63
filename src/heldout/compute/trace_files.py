"""Traces as JSON: made where the model is, planned with where it is not."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Annotated, Any

import msgspec
import numpy as np

from heldout.compute.footprint import CATEGORIES, PHASES, Footprint, Lines, Operations
from heldout.compute.named import find_named_model
from heldout.compute.setup import Input, Precision, Variant
from heldout.compute.sources import RecordedModel, Source
from heldout.compute.weights import Weights
from heldout.decoding import convert, decode
from heldout.errors import BadInput, Problem

FORMAT = "heldout-trace-1"
LARGEST_FILE = 20 * 2**20

Number = float
Pair = tuple[Number, Number]


class _Weights(msgspec.Struct, forbid_unknown_fields=True):
    total: Annotated[int, msgspec.Meta(ge=0)]
    trainable: int = 0
    biases: int = 0
    trainable_bytes: int = 0
    tensors: int = 0
    largest_bytes: int = 0
    factored_elements: int = 0
    gathered_bytes: int = 0


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    """One line of the timeline: bytes by category as constant and slope."""

    phase: Annotated[int, msgspec.Meta(ge=0, lt=len(PHASES))]
    constant: list[Number]
    slope: list[Number]


class _Operation(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(max_length=200)]
    phase: Annotated[int, msgspec.Meta(ge=0, lt=len(PHASES))]
    short: bool
    count: Annotated[int, msgspec.Meta(ge=1)]
    flops: Pair
    bytes: Pair


class _Footprint(msgspec.Struct, forbid_unknown_fields=True):
    training: bool
    precision: Precision
    checkpointing: bool
    accumulating: bool
    weights: _Weights
    lines: Annotated[list[_Line], msgspec.Meta(min_length=1, max_length=20_000)]
    operations: Annotated[list[_Operation], msgspec.Meta(max_length=20_000)]
    uncounted: dict[str, int]
    notes: list[str]


class _Input(msgspec.Struct, forbid_unknown_fields=True):
    shape: list[int]
    integer: bool = False
    classes: int = 2


class _File(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    model: Annotated[str, msgspec.Meta(max_length=200)]
    inputs: list[_Input]
    footprints: Annotated[list[_Footprint], msgspec.Meta(min_length=1, max_length=50)]


def write_trace(source: Source, variants: Iterable[Variant]) -> bytes:
    """Return the footprints of a model in the given variants as JSON."""
    variants = list(dict.fromkeys(variants))
    plain = dict.fromkeys(Variant(variant.precision) for variant in variants)
    footprints = [_pack(source.training(variant), variant, training=True) for variant in variants]
    footprints += [_pack(source.inference(variant), variant, training=False) for variant in plain]
    inputs = [_Input(list(one.shape), one.integer, one.classes) for one in source.inputs]
    return msgspec.json.encode(_File(FORMAT, source.name, inputs, footprints))


def read_trace(content: bytes, *, place: str = "trace") -> RecordedModel:
    """Return the model a trace file describes. Nothing in the file is executed.

    Raises:
        BadInput: It is no trace file, or its numbers are impossible.
    """
    if len(content) > LARGEST_FILE:
        raise BadInput([Problem(place, "is larger than any trace", "at most 20 MiB")])
    try:
        file = decode(content, _File)
    except (msgspec.DecodeError, ValueError) as error:
        remedy = "make one with: heldout plan MODEL --save-trace FILE"
        raise BadInput([Problem(place, f"is not a trace file: {error}", remedy)]) from error
    if file.format != FORMAT:
        message = f'has the format "{file.format[:50]}"'
        raise BadInput([Problem(place, message, f'this version reads "{FORMAT}"')])
    _refuse_impossible(file, place)
    return RecordedModel(
        name=file.model,
        inputs=tuple(Input(tuple(one.shape), one.integer, one.classes) for one in file.inputs),
        recorded_training={_variant(one): _unpack(one) for one in file.footprints if one.training},
        recorded_inference={
            _variant(one): _unpack(one) for one in file.footprints if not one.training
        },
    )


@cache
def shipped_trace(name: str) -> RecordedModel:
    """Return the traces of a named model that come with Heldout; they need no torch.

    Raises:
        BadInput: There is no model of that name.
    """
    file = resources.files("heldout.compute").joinpath(
        f"data/traces/{find_named_model(name).name}.json"
    )
    return read_trace(file.read_bytes(), place=name)


def _refuse_impossible(file: _File, place: str) -> None:
    """JSON has no NaN, but it has 1e999, and lists of any length."""
    for number, footprint in enumerate(file.footprints, start=1):
        numbers: list[float] = []
        for line in footprint.lines:
            if len(line.constant) != CATEGORIES or len(line.slope) != CATEGORIES:
                message = f"footprint {number} has a line without its {CATEGORIES} categories"
                raise BadInput([Problem(place, message, "trace the model again")])
            numbers += line.constant + line.slope
        for operation in footprint.operations:
            numbers += [*operation.flops, *operation.bytes]
        if not all(math.isfinite(value) and abs(value) < 1e30 for value in numbers):
            message = f"footprint {number} has a number that is not finite"
            raise BadInput([Problem(place, message, "trace the model again")])


def _variant(footprint: _Footprint) -> Variant:
    return Variant(footprint.precision, footprint.checkpointing, footprint.accumulating)


def _pack(footprint: Footprint, variant: Variant, *, training: bool) -> _Footprint:
    live, operations = footprint.live, footprint.operations
    return _Footprint(
        training=training,
        precision=variant.precision,
        checkpointing=variant.checkpointing,
        accumulating=variant.accumulating,
        weights=convert(footprint.weights, _Weights, from_attributes=True),
        lines=[
            _Line(int(phase), constant.tolist(), slope.tolist())
            for phase, constant, slope in zip(
                footprint.phases, live.constant, live.slope, strict=True
            )
        ],
        operations=[_pack_operation(operations, index) for index in range(len(operations.names))],
        uncounted=footprint.uncounted,
        notes=list(footprint.notes),
    )


def _pack_operation(operations: Operations, index: int) -> _Operation:
    return _Operation(
        name=operations.names[index],
        phase=int(operations.phases[index]),
        short=bool(operations.short[index]),
        count=int(operations.count[index]),
        flops=(float(operations.flops.constant[index]), float(operations.flops.slope[index])),
        bytes=(float(operations.bytes.constant[index]), float(operations.bytes.slope[index])),
    )


def _unpack(packed: _Footprint) -> Footprint:
    def lines(pairs: list[Any]) -> Lines:
        table = np.array(pairs, dtype=np.float64).reshape(len(pairs), 2)
        return Lines(table[:, 0], table[:, 1])

    return Footprint(
        weights=Weights(**msgspec.structs.asdict(packed.weights)),
        phases=np.array([line.phase for line in packed.lines], dtype=np.int64),
        live=Lines(
            np.array([line.constant for line in packed.lines], dtype=np.float64),
            np.array([line.slope for line in packed.lines], dtype=np.float64),
        ),
        operations=Operations(
            names=tuple(one.name for one in packed.operations),
            phases=np.array([one.phase for one in packed.operations], dtype=np.int64),
            short=np.array([one.short for one in packed.operations], dtype=np.bool_),
            count=np.array([one.count for one in packed.operations], dtype=np.int64),
            flops=lines([one.flops for one in packed.operations]),
            bytes=lines([one.bytes for one in packed.operations]),
        ),
        uncounted=packed.uncounted,
        notes=tuple(packed.notes),
    )
