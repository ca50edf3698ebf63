"""DICOM files, the pictures of medicine: their pixels and how to look at them, never whose they are.

Only what describes the picture is read. Name, birth date, dates and numbers of the patient and the
hospital stay in the file; `as_png` makes a copy without any of them.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from heldout.datasets.images import LARGEST_PIXELS, MediaFault
from heldout.errors import MissingExtra

SUFFIXES = frozenset({".dcm", ".dicom"})
_MAGIC_AT, _MAGIC = 128, b"DICM"


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """The pixels of a file.

    Attributes:
        values: (height, width) in the unit of the modality, such as Hounsfield units; or
            (height, width, 3) colours of 8 bits. Of several frames the first.
        stored: The same as stored in the file.
        slope: `values = slope * stored + intercept`.
        intercept: See `slope`.
        window: Centre and width that the file asks for, or None.
        inverted: Whether small values are bright.
        frames: How many there are.
        facts: `modality`, `body_part` and `unit`, where the file says so.
    """

    values: Any
    stored: Any
    slope: float
    intercept: float
    window: tuple[float, float] | None
    inverted: bool
    frames: int
    facts: dict[str, str]

    @property
    def is_colour(self) -> bool:
        """Whether the pixels are colours."""
        return bool(self.values.ndim == 3)


def is_dicom(path: Path) -> bool:
    """Whether a file is DICOM: by its ending, or by the letters after its preamble."""
    if path.suffix.lower() in SUFFIXES:
        return True
    if path.suffix:
        return False
    try:
        with path.open("rb") as stream:
            stream.seek(_MAGIC_AT)
            return stream.read(4) == _MAGIC
    except OSError:
        return False


def read(path: Path) -> Picture:
    """Read the pixels of a file.

    Raises:
        MissingExtra: pydicom is not installed.
        OSError: It is damaged, has no pixels, too many, or is compressed in a way that needs
            another decoder.
    """
    found = _open(path, pixels=True)
    try:
        stored = found.pixel_array
    except Exception as error:  # pydicom raises nearly anything for a damaged file.
        raise OSError(f"its pixels cannot be read: {error}") from None
    frames = int(found.get("NumberOfFrames", 1) or 1)
    stored = stored[0] if frames > 1 else stored
    slope = float(found.get("RescaleSlope", 1) or 1)
    intercept = float(found.get("RescaleIntercept", 0) or 0)
    is_grey = stored.ndim == 2
    return Picture(
        values=stored * slope + intercept if is_grey else stored,
        stored=stored,
        slope=slope,
        intercept=intercept,
        window=_window(found),
        inverted=found.get("PhotometricInterpretation") == "MONOCHROME1",
        frames=frames,
        facts=_facts(found),
    )


def inspect(path: Path, *, decode: bool) -> tuple[int, int] | MediaFault:
    """Return width and height, or why it cannot be used."""
    try:
        found = _open(path, pixels=decode)
        if decode:
            read(path)
        return int(found.Columns), int(found.Rows)
    except OSError as error:
        return MediaFault(str(error))


def as_png(path: Path) -> tuple[bytes, float, float]:
    """Return the pixels as a PNG of 16 bits (or of colours), without anything else.

    Returns:
        The file, and slope and intercept that turn its values into those of the modality.
    """
    from PIL import Image

    picture = read(path)
    stream = io.BytesIO()
    if picture.is_colour:
        Image.fromarray(picture.stored.astype(np.uint8)).save(stream, format="PNG")
        return stream.getvalue(), 1.0, 0.0
    lowest = min(int(picture.stored.min()), 0)
    shifted = np.clip(picture.stored.astype(np.int64) - lowest, 0, 65535).astype(np.uint16)
    Image.fromarray(shifted).save(stream, format="PNG")
    return stream.getvalue(), picture.slope, picture.intercept + picture.slope * lowest


def _open(path: Path, *, pixels: bool) -> Any:
    try:
        import pydicom
        from pydicom.errors import InvalidDicomError
    except ImportError:
        raise MissingExtra(feature="reading DICOM", extra="medical") from None
    try:
        found = pydicom.dcmread(path, stop_before_pixels=not pixels)
    except InvalidDicomError:
        raise OSError("is no DICOM file") from None
    except OSError:
        raise
    except Exception as error:  # See `read`.
        raise OSError(f"is a damaged DICOM file: {error}") from None
    size = int(found.get("Rows", 0) or 0) * int(found.get("Columns", 0) or 0)
    if not size:
        raise OSError("has no picture")
    if size * int(found.get("NumberOfFrames", 1) or 1) > LARGEST_PIXELS:
        raise OSError(f"claims more than {LARGEST_PIXELS // 1_000_000} million pixels")
    return found


def _window(found: Any) -> tuple[float, float] | None:
    """Return the first window a file asks for."""
    centre, width = found.get("WindowCenter"), found.get("WindowWidth")
    if centre is None or width is None:
        return None
    try:
        first = [float(one[0] if hasattr(one, "__len__") else one) for one in (centre, width)]
    except (TypeError, ValueError, IndexError):
        return None
    return (first[0], first[1]) if first[1] >= 1 else None


def _facts(found: Any) -> dict[str, str]:
    names = {"modality": "Modality", "body_part": "BodyPartExamined", "unit": "RescaleType"}
    return {key: str(found.get(name)) for key, name in names.items() if found.get(name)}
