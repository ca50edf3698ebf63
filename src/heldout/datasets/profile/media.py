"""Size, brightness, contrast, entropy and sharpness of images, and those far from the others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.images import open_image
from heldout.datasets.profile.statistic import Statistic, named, select
from heldout.datasets.table import ID

FAR = 3.5  # Modified z-scores beyond it are outliers, as Iglewicz and Hoaglin propose.
_NORMAL = 0.6745  # The upper quartile of the standard normal distribution.


class Quality(NamedTuple):
    """What an image's pixels say, in grey from 0 to 255 (ITU-R 601).

    Attributes:
        width: In pixels, as stored.
        height: In pixels.
        brightness: The mean.
        contrast: The standard deviation.
        entropy: Of the histogram of 256 values, in bits.
        sharpness: The variance of the Laplacian; low where an image is blurred.
    """

    width: int
    height: int
    brightness: float
    contrast: float
    entropy: float
    sharpness: float


MEASURED = {
    ID: pl.String,
    **{
        name: pl.Int64 if kind == "int" else pl.Float64
        for name, kind in Quality.__annotations__.items()
    },
}


def measure(grey: NDArray[np.uint8]) -> Quality:
    """Measure an image of grey values."""
    values = grey.astype(np.float64)
    counts = np.bincount(grey.ravel(), minlength=256)
    shares = counts[counts > 0] / grey.size
    middle = values[1:-1, 1:-1]
    around = values[:-2, 1:-1] + values[2:, 1:-1] + values[1:-1, :-2] + values[1:-1, 2:]
    laplacian = around - 4 * middle
    return Quality(
        grey.shape[1],
        grey.shape[0],
        float(values.mean()),
        float(values.std()),
        float(-(shares * np.log2(shares)).sum()) + 0.0,
        float(laplacian.var()) if laplacian.size else np.nan,
    )


def measure_images(images: pl.DataFrame) -> pl.DataFrame:
    """Measure the images of a table of `example_id` and `path`; those that cannot be read are left out.

    Returns:
        A table of the columns `MEASURED`, in the order of the images.
    """
    measured = ((example, _measure_file(Path(path))) for example, path in images.iter_rows())
    found = [(example, *quality) for example, quality in measured if quality]
    return pl.DataFrame(found, schema=MEASURED, orient="row")


def _measure_file(path: Path) -> Quality | None:
    try:
        with open_image(path) as image:
            return measure(np.asarray(image.convert("L")))
    except Exception:  # A decoder given a damaged file raises nearly anything.
        return None


def image_quality(
    dataset: DataSet, *, measure: Callable[[pl.DataFrame], pl.DataFrame] = measure_images
) -> Statistic:
    """Measure every image; outliers lie far from the median in a measure's median deviation.

    Args:
        measure: Does what `measure_images` does, perhaps elsewhere.
    """
    images = _images(dataset)
    table = measure(images)
    unread = images.height - table.height
    unusual = [_unusual(table, name) for name in Quality._fields if table.height]
    named_outliers = [
        ", ".join(name for name, far in zip(Quality._fields, flags, strict=True) if far)
        for flags in zip(*unusual, strict=True)
    ]
    table = table.with_columns(pl.Series("unusual", named_outliers, dtype=pl.String))
    n = int((table["unusual"] != "").sum())
    return Statistic(
        id="image-quality",
        title="Quality of images",
        note=(
            f"{named(table.height, 'image')} measured, {unread:,} could not be read; "
            f"{named(n, 'lies', 'lie')} far from the others in some measure."
        ),
        table=table.sort(pl.col("unusual") == "", maintain_order=True),
        query=select("examples", "example_id = {example_id}"),
        alarms=(f"{named(unread, 'image')} could not be read.",) if unread else (),
    )


def _images(dataset: DataSet) -> pl.DataFrame:
    paths = [None if path is None else str(path.absolute()) for path in dataset.media_paths()]
    table = pl.DataFrame({ID: dataset.examples[ID], "path": pl.Series(paths, dtype=pl.String)})
    return table.drop_nulls("path")


def _unusual(table: pl.DataFrame, name: str) -> list[bool]:
    cells = table[name].to_numpy().astype(np.float64)
    middle = np.nanmedian(cells)
    deviation = np.nanmedian(abs(cells - middle))
    far: list[bool] = (_NORMAL * abs(cells - middle) > FAR * deviation).tolist()
    return far if deviation > 0 else [False] * len(far)
