"""The arrays beside the SQLite file: written once, memory-mapped by every reader.

Arrays are named `<field>.<what>`, one `.npy` file each, one number per row unless said otherwise:

- `codes`: which value of a facet, 0 for a missing one (unsigned, 8 to 32 bit);
- `items` and `starts`: of a list column, the codes of all its values, and where each row's begin;
- `numbers`: the value as a 64-bit float, NaN for a missing one;
- `bins`: which bin of the histogram, 0 for a missing one;
- `order`: row numbers sorted by the column, missing values last;
- `words`: one bitmap of all rows per frequent word.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

# Up to here comparing with each code is faster than one look-up table.
_FEW = 16


def narrow(values: Array, most: int) -> Array:
    """Return whole numbers up to `most` in the smallest unsigned type that holds them."""
    kind = np.uint8 if most < 1 << 8 else np.uint16 if most < 1 << 16 else np.uint32
    return values.astype(kind)


class Sidecar:
    """The arrays of one index."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: dict[str, Array] = {}

    def write(self, name: str, values: Array) -> None:
        """Write one array."""
        np.save(self.folder / f"{name}.npy", np.ascontiguousarray(values), allow_pickle=False)

    def __getitem__(self, name: str) -> Array:
        if name not in self._open:
            path = self.folder / f"{name}.npy"
            mapped = np.load(path, mmap_mode="r", allow_pickle=False)
            # A plain view: every operation on a memmap object costs microseconds more.
            self._open[name] = np.asarray(mapped)
        return self._open[name]


def count_codes(codes: Array, rows: Rows | None, kinds: int) -> Array:
    """Return how many chosen rows have each code from 0 to `kinds`; None chooses all rows.

    Row numbers, not a mask: gathering by number is twenty times as fast.
    """
    return np.bincount(codes if rows is None else codes[rows], minlength=kinds + 1)


def any_of(codes: Array, wanted: list[int], kinds: int) -> Mask:
    """Return where the code is one of the wanted ones."""
    found: Mask
    if len(wanted) <= _FEW:
        found = np.zeros(len(codes), dtype=np.bool_)
        for code in wanted:
            found |= codes == code
        return found
    table = np.zeros(kinds + 1, dtype=np.bool_)
    table[wanted] = True
    found = table[codes]
    return found


def items_of(starts: Array, rows: Rows) -> Rows:
    """Return where in a list column the values of some rows stand.

    Args:
        starts: Where the values of each row begin, and one more for where the last end.
        rows: Rising row numbers.
    """
    begins = starts[rows].astype(np.int64)
    lengths = starts[rows + 1] - begins
    ends = np.cumsum(lengths)
    if not len(ends):
        return ends
    found: Rows = np.repeat(begins - (ends - lengths), lengths) + np.arange(ends[-1])
    return found


def next_rows(mask: Mask, order: Array | None, start: int, most: int) -> Rows:
    """Return positions, in `order`, of the next `most` chosen rows from position `start` on.

    Looks at a few rows first and at more if those are not enough: where many match, a page costs
    nothing, and at worst one pass over the rest.
    """
    found: list[Rows] = []
    length, missing = 4096, most
    while start < len(mask) and missing > 0:
        stop = min(len(mask), start + length)
        block = mask[start:stop] if order is None else mask[order[start:stop]]
        some = np.flatnonzero(block)[:missing] + start
        found.append(some)
        missing -= len(some)
        start, length = stop, length * 8
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def earlier_rows(mask: Mask, order: Array | None, stop: int, most: int) -> Rows:
    """Return positions of the last `most` chosen rows before position `stop`."""
    found: list[Rows] = []
    length, missing = 4096, most
    while stop > 0 and missing > 0:
        start = max(0, stop - length)
        block = mask[start:stop] if order is None else mask[order[start:stop]]
        some = np.flatnonzero(block)[-missing:] + start
        found.insert(0, some)
        missing -= len(some)
        stop, length = start, length * 8
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)
