"""The UCI handwritten digits that scikit-learn ships, as images with measured metadata.

1,797 images of 8 x 8 pixels with 17 grey levels (E. Alpaydin, C. Kaynak, 1998; the test part of
"Optical Recognition of Handwritten Digits", CC BY 4.0). The copy does not say who wrote a digit, so
there is no writer column. Subgroups are measured on the pixels:

- `ink`: the quartile of the summed intensity, `lightest`, `light`, `dark`, `darkest`;
- `slant`: where the strokes lean by the image's moments, `left`, `upright` or `right`.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heldout.datasets.atomic import write_bytes
from heldout.datasets.identifiers import content_ids
from heldout.datasets.media import content_hash
from heldout.datasets.table import ID, MEDIA, REFERENCE, ExampleTable
from heldout.datasets.tasks import find_task
from heldout.errors import MissingExtra

Pixels = NDArray[np.float64]

GREY_LEVELS = 16
INK = ("lightest", "light", "dark", "darkest")
SLANT = ("left", "upright", "right")
UPRIGHT_WITHIN = 5.0  # Degrees from the vertical.


def write_digits(folder: Path) -> ExampleTable:
    """Write the digits as PNG files into a folder and return their table.

    The bytes are the same on every machine: the pixels are stored without compression.

    Raises:
        MissingExtra: scikit-learn is not installed.
    """
    pixels, labels = _load()
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{row:04d}.png" for row in range(len(pixels))]
    for name, image in zip(names, pixels, strict=True):
        write_bytes(folder / name, encode(image), durable=False)
    digests = [content_hash(folder / name) for name in names]
    frame = pl.DataFrame(
        {
            ID: content_ids(digests, names),
            MEDIA: names,
            REFERENCE: [str(label) for label in labels],
            "ink": ink_quartiles(pixels),
            "slant": slants(pixels),
        }
    )
    classes = tuple(str(digit) for digit in range(10))
    return ExampleTable(frame, find_task("image-classification"), classes, folder)


def _load() -> tuple[Pixels, NDArray[np.int64]]:
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise MissingExtra(feature="the digits data set", extra="demo") from None
    digits = load_digits()
    return digits.images, digits.target


def encode(image: Pixels) -> bytes:
    """Return an 8-bit grey PNG of intensities from 0 to 16, dark ink as bright pixels."""
    from PIL import Image

    grey = np.rint(image * (255 / GREY_LEVELS)).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(grey).save(stream, format="PNG", compress_level=0)
    return stream.getvalue()


def ink_quartiles(pixels: Pixels) -> list[str]:
    """Return the quartile of each image's summed intensity among all images.

    Args:
        pixels: Shape (images, height, width).
    """
    ink = pixels.sum(axis=(1, 2))
    edges = np.quantile(ink, (0.25, 0.5, 0.75))
    return [INK[i] for i in np.searchsorted(edges, ink, side="left")]


def slants(pixels: Pixels) -> list[str]:
    """Return where each image leans: within 5 degrees of the vertical is upright."""
    angles = slant_degrees(pixels)
    return [SLANT[i] for i in np.digitize(angles, (-UPRIGHT_WITHIN, UPRIGHT_WITHIN))]


def slant_degrees(pixels: Pixels) -> NDArray[np.float64]:
    """Return the angle by which strokes lean to the right of the vertical.

    It is the shear that makes the image's covariance of x and y zero: the arc tangent of
    -mu11 / mu02, with y counted downwards (the slant correction usual for handwriting).

    Args:
        pixels: Shape (images, height, width); no image may be blank.
    """
    rows, columns = np.mgrid[: pixels.shape[1], : pixels.shape[2]]
    mass = pixels.sum(axis=(1, 2))
    centre_x = (pixels * columns).sum(axis=(1, 2)) / mass
    centre_y = (pixels * rows).sum(axis=(1, 2)) / mass
    dx = columns - centre_x[:, None, None]
    dy = rows - centre_y[:, None, None]
    covariance = (pixels * dx * dy).sum(axis=(1, 2))
    spread = (pixels * dy * dy).sum(axis=(1, 2))
    angles: NDArray[np.float64] = np.degrees(np.arctan2(-covariance, spread))
    return angles
