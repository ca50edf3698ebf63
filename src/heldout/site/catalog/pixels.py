"""What a machine sees: the numbers of a patch of an image."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import ImageOps

from heldout.datasets.images import open_image

SIDES = (4, 8, 16)


class Pixel(NamedTuple):
    """A cell of the patch: its place, its numbers, its colour and the colour of text upon it."""

    x: int
    y: int
    numbers: tuple[str, ...]
    fill: str
    ink: str


class Patch(NamedTuple):
    """`left` and `top` are the patch's place in the image, `channels` what each number is."""

    left: int
    top: int
    side: int
    channels: str
    rows: tuple[tuple[Pixel, ...], ...]


_CHANNELS = {"L": "grey, 0 to 255", "RGB": "red, green, blue, each 0 to 255"}
_CHANNELS["RGBA"] = "red, green, blue, opacity, each 0 to 255"


def size_of(path: Path) -> tuple[int, int] | None:
    """Width and height as the image is shown; None if it is no image."""
    try:
        with open_image(path) as image:
            turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
            return (image.height, image.width) if turned else image.size
    except Exception:  # A decoder given a damaged file raises nearly anything.
        return None


def patch(path: Path, x: int, y: int, side: int) -> Patch | None:
    """The numbers around a point, moved inside the image where it lies at the edge."""
    try:
        with open_image(path) as image:
            upright = ImageOps.exif_transpose(image)
            left = max(0, min(x - side // 2, upright.width - side))
            top = max(0, min(y - side // 2, upright.height - side))
            if upright.mode in ("P", "CMYK", "YCbCr", "1", "LA"):
                upright = upright.convert("RGB" if upright.mode != "1" else "L")
            cut = np.asarray(upright.crop((left, top, left + side, top + side)))
            channels = _CHANNELS.get(upright.mode, f"one number ({upright.mode})")
    except Exception:  # See size_of.
        return None
    values = cut[: upright.height - top, : upright.width - left]
    values = values[..., None] if values.ndim == 2 else values
    return Patch(left, top, side, channels, _cells(values, left, top))


def _cells(values: np.ndarray, left: int, top: int) -> tuple[tuple[Pixel, ...], ...]:
    low, high = float(values.min()), float(values.max())
    deep = values.dtype != np.uint8

    def cell(row: int, column: int) -> Pixel:
        numbers = values[row, column]
        grey = (numbers.astype(float) - low) / max(high - low, 1e-9) * 255 if deep else numbers
        colour = [int(one) for one in grey[:3]] if len(grey) >= 3 else [int(grey[0])] * 3
        bright = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] > 140
        fill = "#{:02x}{:02x}{:02x}".format(*colour)
        texts = tuple(f"{one:g}" for one in numbers.tolist())
        return Pixel(left + column, top + row, texts, fill, "#000000" if bright else "#ffffff")

    height, width = values.shape[:2]
    return tuple(tuple(cell(row, column) for column in range(width)) for row in range(height))
