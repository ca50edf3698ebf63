"""What a machine sees: the numbers of a patch of an image."""

from __future__ import annotations

import io
from pathlib import Path
from threading import BoundedSemaphore
from typing import NamedTuple

import numpy as np
from PIL import ImageOps

from heldout.datasets import dicom
from heldout.datasets.dicom import is_dicom
from heldout.datasets.images import open_image
from heldout.datasets.rendering import Window, render

SIDES = (4, 8, 16)
# Decoding takes memory: this many at a time in one process, the others wait.
_at_a_time = BoundedSemaphore(2)


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


class Look(NamedTuple):
    """How an image is shown: its size, and for deep pixels the window they are seen through.

    `plain`: browsers show the file itself.
    """

    width: int
    height: int
    window: Window | None
    plain: bool


_PLAIN = {".png", ".jpg", ".jpeg", ".webp", ".gif"}
_DEEP = {"I", "I;16", "I;16B", "I;16L", "F"}


def look(path: Path, window: Window | None = None) -> Look | None:
    """How an image is shown; None if it is none. Only deep pixels are decoded for it."""
    try:
        if not is_dicom(path):
            with open_image(path) as image:
                turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
                size = (image.height, image.width) if turned else image.size
                if image.mode not in _DEEP:
                    return Look(*size, None, path.suffix.lower() in _PLAIN)
        shown = render(path, window=window)
        return Look(*shown.image.size, shown.window, plain=False)
    except Exception:  # A decoder given a damaged file raises nearly anything.
        return None


def picture(path: Path, window: Window | None) -> bytes | None:
    """The image as a PNG of eight bits, for browsers; None if it cannot be decoded."""
    try:
        with _at_a_time:
            shown = render(path, window=window).image
            content = io.BytesIO()
            shown.save(content, format="PNG", compress_level=1)
            return content.getvalue()
    except Exception:  # As above.
        return None


def patch(path: Path, x: int, y: int, side: int) -> Patch | None:
    """The numbers around a point, moved inside the image where it lies at the edge."""
    try:
        whole, channels = _numbers(path)
    except Exception:  # As above.
        return None
    height, width = whole.shape[:2]
    left = max(0, min(x - side // 2, width - side))
    top = max(0, min(y - side // 2, height - side))
    values = whole[top : top + side, left : left + side]
    values = values[..., None] if values.ndim == 2 else values
    return Patch(left, top, side, channels, _cells(values, left, top))


def _numbers(path: Path) -> tuple[np.ndarray, str]:
    """The pixels as the file has them, upright, and what each number is."""
    if is_dicom(path):
        read = dicom.read(path)
        unit = read.facts.get("unit", "as the device measured")
        return read.values, _CHANNELS["RGB"] if read.is_colour else f"one number, {unit}"
    with open_image(path) as image:
        upright = ImageOps.exif_transpose(image)
        if upright.mode in ("P", "CMYK", "YCbCr", "1", "LA"):
            upright = upright.convert("RGB" if upright.mode != "1" else "L")
        channels = _CHANNELS.get(upright.mode, f"one number ({upright.mode})")
        return np.asarray(upright), channels


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
