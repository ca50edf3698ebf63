"""Masks as COCO writes them: alternating runs of unset and set pixels in column order.

As text each run is a number of 5-bit digits, least first, 48 added to each; 32 says that another digit
follows. From the fourth run on it is the difference to the run two before. Written from the format's
published description; `pycocotools` is the oracle of the tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Pixels = NDArray[np.bool_]

_MORE, _SIGN, _DIGIT, _BASE = 0x20, 0x10, 0x1F, 48
_MOST_DIGITS = 12  # 60 bits: more are no run of any picture.


def counts_of(text: str) -> Counts:
    """Read run lengths written as text.

    Raises:
        ValueError: The text is cut short or holds other letters.
    """
    codes = np.frombuffer(text.encode(), np.uint8).astype(np.int64) - _BASE
    if not len(codes):
        return np.zeros(0, np.int64)
    if codes.min() < 0 or codes.max() >= 2 * _MORE or codes[-1] & _MORE:
        raise ValueError("run lengths are cut short or hold other letters")
    last = np.flatnonzero(codes & _MORE == 0)
    starts = np.concatenate([[0], last[:-1] + 1])
    if (last - starts).max() >= _MOST_DIGITS:
        raise ValueError("a run length has too many digits")
    place = np.arange(len(codes)) - np.repeat(starts, last - starts + 1)
    numbers = np.add.reduceat((codes & _DIGIT) << (5 * place), starts)
    numbers -= np.where(codes[last] & _SIGN, np.int64(1) << (5 * (last - starts + 1)), 0)
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    if numbers.min() < 0:
        raise ValueError("a run length is negative")
    return numbers


def text_of(counts: Sequence[int] | Counts) -> str:
    """Write run lengths as text."""
    runs = np.asarray(counts, np.int64)
    steps = runs.copy()
    steps[3:] -= runs[1:-2]
    return "".join(_digits(step) for step in steps.tolist())


def _digits(step: int) -> str:
    letters = []
    while True:
        digit, step = step & _DIGIT, step >> 5
        is_last = step == (-1 if digit & _SIGN else 0)
        letters.append(chr(digit + _BASE + (0 if is_last else _MORE)))
        if is_last:
            return "".join(letters)


def pixels_of(counts: Sequence[int] | Counts, height: int, width: int) -> Pixels:
    """Return a mask as an image of (height, width)."""
    runs = np.asarray(counts, np.int64)
    flat = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return flat.reshape(width, height).T


def counts_of_pixels(mask: NDArray[Any]) -> Counts:
    """Return the runs of an image; whatever is not zero is set."""
    flat = np.asarray(mask, bool).T.ravel()
    turns = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    edges = np.concatenate([[0], turns, [len(flat)]])
    runs = np.diff(edges)
    return np.concatenate([[0], runs]) if len(flat) and flat[0] else runs


def area_of(counts: Counts) -> int:
    """Return how many pixels are set."""
    return int(counts[1::2].sum())


def box_of(counts: Counts, height: int) -> tuple[float, float, float, float] | None:
    """Return the half-open box around the set pixels, or None if there are none."""
    ends = np.cumsum(counts)
    starts, ends = ends[0::2][: len(counts) // 2], ends[1::2]
    held = ends > starts
    if not held.any():
        return None
    starts, last = starts[held], ends[held] - 1
    spans = starts // height != last // height
    top = 0 if spans.any() else int((starts % height).min())
    bottom = height if spans.any() else int((last % height).max()) + 1
    return float(starts[0] // height), float(top), float(last[-1] // height + 1), float(bottom)
