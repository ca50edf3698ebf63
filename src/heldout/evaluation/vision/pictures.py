"""PNG masks in a folder or a ZIP archive."""

from __future__ import annotations

import struct
import warnings
import zipfile
import zlib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from heldout.errors import BadInput, Problem, Problems
from heldout.evaluation.data import AnyArray

LARGEST = 1 << 28  # Bytes of one compressed picture; a limit against archives made to harm.
# What a picture or an archive that is damaged, encrypted or packed strangely makes its readers raise.
UNREADABLE = (
    *(OSError, ValueError, SyntaxError, KeyError, EOFError, RuntimeError),
    *(struct.error, zipfile.BadZipFile, zlib.error),
)
MODES = {"1", "L", "P", "I", "I;16"}


class Pictures(Protocol):
    """Named PNG files."""

    @property
    def names(self) -> Sequence[str]:
        """Their names, sorted."""

    def read(self, name: str) -> bytes:
        """Return one file."""


class FolderPictures:
    """The PNG files in a folder and the folders in it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        files = sorted(file for file in path.rglob("*") if file.suffix.lower() == ".png")
        self.names = [file.relative_to(path).as_posix() for file in files]

    def read(self, name: str) -> bytes:
        """Return one file."""
        return (self._path / name).read_bytes()


class ArchivePictures:
    """The PNG files in a ZIP archive."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with zipfile.ZipFile(path) as archive:
            large = {one.filename for one in archive.infolist() if one.file_size > LARGEST}
            names = archive.namelist()
        self.names = sorted(
            name for name in names if name.lower().endswith(".png") and name not in large
        )

    def read(self, name: str) -> bytes:
        """Return one file."""
        with zipfile.ZipFile(self._path) as archive:
            return archive.read(name)


def open_pictures(path: Path) -> Pictures:
    """Open a folder or an archive.

    Raises:
        BadInput: It is neither, or holds no PNG file.
    """
    pictures: Pictures
    if path.is_dir():
        pictures = FolderPictures(path)
    elif path.is_file() and zipfile.is_zipfile(path):
        pictures = _open_archive(path)
    else:
        there = "neither a folder nor a ZIP archive" if path.exists() else "not there"
        raise BadInput([Problem(path.name, there, "give PNG masks in a folder or a ZIP archive")])
    if not pictures.names:
        raise BadInput([Problem(path.name, "there is no PNG file in it", "give PNG masks")])
    return pictures


def _open_archive(path: Path) -> ArchivePictures:
    try:
        return ArchivePictures(path)
    except UNREADABLE:
        message = "not a readable ZIP archive; it may be cut short"
        raise BadInput([Problem(path.name, message, "write it again")]) from None


def read_codes(pictures: Pictures, name: str, problems: Problems) -> AnyArray | None:
    """Return a mask of one number per pixel; None, and a problem, where it is not readable.

    In a picture with a palette the numbers are the places in it.
    """
    image = _open(pictures, name, problems)
    if image is None:
        return None
    if image.mode not in MODES:
        message = f"a picture of mode {image.mode} where a mask has one number per pixel"
        problems.add(name, message, "save it in grey or with a palette")
        return None
    codes = np.asarray(image)
    return codes.astype(np.uint8) if codes.dtype == np.bool_ else codes


def read_colours(pictures: Pictures, name: str, problems: Problems) -> AnyArray | None:
    """Return R + 256 G + 65536 B per pixel; None, and a problem, where it is not readable."""
    image = _open(pictures, name, problems)
    if image is None:
        return None
    if image.mode != "RGB":
        message = f"a picture of mode {image.mode} where segment ids are written as R, G, B"
        problems.add(name, message, "save it as RGB without a palette")
        return None
    red, green, blue = np.moveaxis(np.asarray(image).astype(np.uint32), 2, 0)
    ids: AnyArray = red + (green << np.uint32(8)) + (blue << np.uint32(16))
    return ids


def _open(pictures: Pictures, name: str, problems: Problems) -> Image.Image | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(BytesIO(pictures.read(name)))
            image.load()
    except UNREADABLE:
        problems.add(name, "not a readable picture; it may be cut short", "write it again")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        problems.add(name, "the picture is too large", "scale it")
    else:
        return image
    return None
