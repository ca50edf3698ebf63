"""Perceptual hashes of pictures, of 7 crops and their mirror images from one decoding.

The hash is pHash: the signs of the 8 x 8 lowest frequencies of the picture at 32 x 32 against their
median. Averaging a crop into 32 x 32 cells and taking the frequencies are both linear, so a crop's hash is
two small matrix products; a mirror image changes the sign of every odd horizontal frequency.
Source of pHash: Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions" (2010).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from heldout.datasets.leaks.grey import Grey, resampling

Hashes = NDArray[np.uint64]

CELLS, FREQUENCIES = 32, 8
#: Shares cut off at (top, bottom, left, right): nothing, 2.5 % and 5 % all round, 5 % at each side.
CROPS = (
    (0.0, 0.0, 0.0, 0.0),
    (0.025, 0.025, 0.025, 0.025),
    (0.05, 0.05, 0.05, 0.05),
    (0.05, 0.0, 0.0, 0.0),
    (0.0, 0.05, 0.0, 0.0),
    (0.0, 0.0, 0.05, 0.0),
    (0.0, 0.0, 0.0, 0.05),
)
VARIANTS = 2 * len(CROPS)
_MIRROR = np.where(np.arange(FREQUENCIES) % 2, -1.0, 1.0)


def variants(grey: Grey) -> Hashes:
    """Return the 14 hashes of a picture: 7 crops, then the same crops mirrored."""
    height, width = grey.shape
    values = grey.astype(np.float64)
    spectra = np.array(
        [
            _transform(height, top, 1 - bottom) @ values @ _transform(width, left, 1 - right).T
            for top, bottom, left, right in CROPS
        ]
    )
    return _pack(np.concatenate([spectra, spectra * _MIRROR]))


def phash(grey: Grey) -> np.uint64:
    """Return the hash of a whole picture."""
    height, width = grey.shape
    spectrum = _transform(height, 0, 1) @ grey.astype(np.float64) @ _transform(width, 0, 1).T
    packed: np.uint64 = _pack(spectrum[None])[0]
    return packed


@lru_cache(maxsize=4096)
def _transform(length: int, low: float, high: float) -> NDArray[np.float64]:
    """Return the matrix (frequencies, length): average into cells, then cosine transform."""
    cells = np.arange(CELLS) + 0.5
    cosine = np.cos(np.pi / CELLS * np.outer(np.arange(FREQUENCIES), cells))
    return np.asarray(cosine @ resampling(length, low, high, CELLS))


def _pack(spectra: NDArray[np.float64]) -> Hashes:
    flat = spectra.reshape(len(spectra), -1)
    bits = flat > np.median(flat, axis=1, keepdims=True)
    return np.packbits(bits, axis=1).view(">u8").ravel().astype(np.uint64)
