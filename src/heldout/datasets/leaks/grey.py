"""Pictures as small grey arrays, decoded no larger than needed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from heldout.datasets.images import open_image

Grey = NDArray[np.uint8]

#: The shorter side is decoded to at least this: enough for every hash and for the comparison after it.
SHORTER = 96
_HAS_SIMPLEJPEG = importlib.util.find_spec("simplejpeg") is not None
_JPEG = b"\xff\xd8\xff"


def read_grey(path: Path) -> Grey:
    """Return a picture in grey, its shorter side about `SHORTER` pixels or what it has.

    A JPEG is decoded at 1/8 to 8/8 of its size by its cosine transform, which costs a fraction of the
    whole; EXIF rotation is applied.

    Raises:
        OSError: It is damaged or no picture.
    """
    content = path.read_bytes()
    if content.startswith(_JPEG) and _HAS_SIMPLEJPEG and _is_upright(path, content):
        return _scaled_jpeg(content)
    return _with_pillow(path)


def _scaled_jpeg(content: bytes) -> Grey:
    import simplejpeg

    try:
        grey: Grey = simplejpeg.decode_jpeg(
            content, colorspace="GRAY", fastdct=True, min_height=SHORTER, min_width=SHORTER
        )[..., 0]
    except ValueError as error:
        raise OSError(str(error)) from error
    return grey


def _is_upright(path: Path, content: bytes) -> bool:
    if b"Exif\0\0" not in content[: 2**16]:
        return True
    with open_image(path) as image:
        return bool(image.getexif().get(0x0112, 1) == 1)


def _with_pillow(path: Path) -> Grey:
    from PIL import ImageOps

    with open_image(path) as image:
        image.draft("L", (SHORTER, SHORTER))
        turned = ImageOps.exif_transpose(image)
        if turned.mode.startswith("I;16") or turned.mode in ("I", "F"):
            return _stretched(np.asarray(turned, np.float64))
        if turned.has_transparency_data:
            turned = turned.convert("RGBA")
        return np.asarray(turned.convert("L"))


def _stretched(values: NDArray[np.float64]) -> Grey:
    """Depth and 16-bit pictures have no fixed scale; their own range becomes black to white."""
    low, high = values.min(), values.max()
    stretched: Grey = ((values - low) * (255 / max(high - low, 1e-9))).astype(np.uint8)
    return stretched


def resampling(length: int, low: float, high: float, cells: int) -> NDArray[np.float64]:
    """Return the matrix (cells, length) that averages the part [low, high) of a line into cells.

    Args:
        length: Pixels of the line.
        low: Where the part begins, as a share of the line; likewise `high`.
    """
    edges = np.linspace(low * length, high * length, cells + 1)
    pixels = np.arange(length)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    weights = np.clip(overlap, 0, None)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
