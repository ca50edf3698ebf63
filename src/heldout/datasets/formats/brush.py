"""Label Studio's brush strokes: run lengths of an RGBA picture as a stream of bits.

32 bits: how many values follow; 5 bits: the size of a value less 1; four times 4 bits: the sizes of a
run's length less 1. Then runs: a bit (1: one value repeated, 0: as many values as the run is long), two
bits for which size the length has, the length less 1, the value or values. The fourth value of every
pixel says how much of it is set.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_CHANNELS = 4
_SIZES = (3, 4, 8, 16)  # Bits of a run's length, as written.


class _Bits:
    """Reads numbers of any size from bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> int:
        start, self._at = self._at, self._at + size
        if self._at > len(self._data) * 8:
            raise ValueError("the brush stroke is cut short")
        window = int.from_bytes(self._data[start // 8 : -(-self._at // 8)], "big")
        return (window >> (-self._at % 8)) & ((1 << size) - 1)


def decode(data: bytes, height: int, width: int) -> Any:
    """Return the mask of a brush stroke, (height, width).

    Raises:
        ValueError: It is cut short or of another size.
    """
    bits = _Bits(data)
    count = bits.take(32)
    if count != height * width * _CHANNELS:
        raise ValueError("the brush stroke is of another size")
    word = bits.take(5) + 1
    sizes = [bits.take(4) + 1 for _ in range(4)]
    values = np.zeros(count, np.uint8)
    at = 0
    while at < count:
        repeated = bits.take(1)
        end = at + 1 + bits.take(sizes[bits.take(2)])
        if repeated:
            values[at:end] = bits.take(word) & 255
        else:
            values[at:end] = [bits.take(word) & 255 for _ in range(at, min(end, count))]
        at = end
    return values.reshape(height, width, _CHANNELS)[..., 3] > 0


def encode(mask: Any) -> bytes:
    """Return a mask as a brush stroke of full strength."""
    flat = np.repeat(np.asarray(mask, bool).ravel(), _CHANNELS)
    turns = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    edges = np.concatenate([[0], turns, [len(flat)]])
    parts = [f"{len(flat):032b}", f"{7:05b}", *(f"{size - 1:04b}" for size in _SIZES)]
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        value = 255 if flat[start] else 0
        for at in range(start, end, 1 << 16):
            length = min(end - at, 1 << 16)
            parts.append(f"1{3:02b}{length - 1:016b}{value:08b}")
    text = "".join(parts)
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")
