"""Any medium as an upright picture of 8 bits, for eyes: with the window that deep pixels were seen through.

Screens show 256 greys; X-rays, infrared, depth and microscopy have more. Which of them are told apart is
a choice, so it is stated: the centre and the width of a window of values, as in DICOM (PS3.3,
C.11.2.1.2). Values below are black, values above white.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from heldout.datasets import dicom
from heldout.datasets.images import open_image

if TYPE_CHECKING:
    from PIL import Image

_DEEP = {"I", "I;16", "I;16B", "I;16L", "F"}


class Window(NamedTuple):
    """Which values are told apart.

    Attributes:
        centre: The value shown as middle grey.
        width: How many values there are from black to white.
    """

    centre: float
    width: float

    def __str__(self) -> str:
        return f"centre {self.centre:g}, width {self.width:g}"


@dataclass(frozen=True, slots=True)
class Rendition:
    """A picture for eyes.

    Attributes:
        image: Upright, in the mode `L` or `RGB`.
        window: What deep pixels were seen through; None where every value has its own shade.
    """

    image: Image.Image
    window: Window | None


def render(path: Path, *, window: Window | None = None, edge: int | None = None) -> Rendition:
    """Return a medium as it is shown.

    Args:
        path: An image, or a DICOM file (extra `medical`).
        window: For deep pixels: what to see them through. Without it the window that a DICOM file
            asks for, else from the smallest to the largest value.
        edge: The longest side in pixels; the picture is made smaller if need be.

    Raises:
        OSError: It is damaged, or no medium that can be shown.
    """
    from PIL.Image import Resampling

    if dicom.is_dicom(path):
        picture = dicom.read(path)
        asked = picture.window
        wanted = window or (Window(*asked) if asked else full_window(picture.values))
        shown, used = _shade(picture, wanted)
    else:
        shown, used = _open(path, window, edge)
    if edge is not None:
        shown.thumbnail((edge, edge), Resampling.BOX, reducing_gap=2.0)
    return Rendition(shown, used)


def _shade(picture: dicom.Picture, window: Window) -> tuple[Image.Image, Window | None]:
    from PIL import Image

    if picture.is_colour:
        return Image.fromarray(picture.values.astype(np.uint8)), None
    shades = through(picture.values, window)
    return Image.fromarray(255 - shades if picture.inverted else shades), window


def _open(path: Path, window: Window | None, edge: int | None) -> tuple[Image.Image, Window | None]:
    from PIL import Image, ImageOps

    with open_image(path) as image:
        if edge is not None:
            # JPEG is decoded at the smallest eighth that is large enough.
            image.draft("RGB", _fitted(image.size, edge))
            if image.mode in ("L", "RGB"):
                image.thumbnail((edge, edge), reducing_gap=1.5)  # Before it is copied to be turned.
        upright = ImageOps.exif_transpose(image)
        if upright.mode in _DEEP:
            values = np.asarray(upright, np.float64)
            used = window or full_window(values)
            return Image.fromarray(through(values, used)), used
        return _on_white(upright), None


def _fitted(size: tuple[int, int], edge: int) -> tuple[int, int]:
    share = min(1.0, edge / max(size))
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))


def _on_white(image: Image.Image) -> Image.Image:
    """Return an image in grey or in RGB; what is transparent shows white."""
    from PIL import Image

    if image.mode in ("L", "1"):
        return image.convert("L")
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        ground = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(ground, layer).convert("RGB")
    return image.convert("RGB")


def full_window(values: Any) -> Window:
    """Return the window from the smallest to the largest finite value."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return Window(0, 1)
    low, high = float(finite.min()), float(finite.max())
    return Window((low + high + 1) / 2, high - low + 1)


def through(values: Any, window: Window) -> Any:
    """Return values as shades from 0 to 255; values that are no numbers are black."""
    centre, width = window.centre - 0.5, max(window.width - 1, 1e-9)
    scaled = ((np.asarray(values, np.float64) - centre) / width + 0.5) * 255
    return np.clip(np.nan_to_num(scaled, nan=0.0, posinf=255.0), 0, 255).round().astype(np.uint8)
