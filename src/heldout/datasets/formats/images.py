"""Checks of the images of a data set that is being read: are they there, whole, and of what size."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from heldout.datasets import dicom
from heldout.datasets.annotations.schema import HEIGHT, WIDTH
from heldout.datasets.formats.format import PLACE
from heldout.datasets.formats.turning import Turn
from heldout.datasets.images import SUFFIXES, MediaFault, inspect_image, open_image
from heldout.datasets.media import in_threads, locate
from heldout.datasets.table import ID, MEDIA
from heldout.errors import Problems

_ORIENTATION = 0x0112
_SIDEWAYS = {5, 6, 7, 8}  # Orientations that exchange width and height.


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was found out about one image.

    Attributes:
        fault: Why it cannot be used, or None.
        width: As shown, in pixels.
        height: As shown, in pixels.
        orientation: As EXIF has it; 1 is upright.
        notes: What is strange about it and does no harm.
    """

    fault: MediaFault | None = None
    width: int | None = None
    height: int | None = None
    orientation: int = 1
    notes: tuple[str, ...] = ()


def check_images(
    examples: pl.DataFrame, root: Path | None, problems: Problems, *, decode: bool
) -> tuple[pl.DataFrame, dict[str, Turn]]:
    """Return the examples whose image is usable, with its width and height as shown.

    With them come those whose annotations were made before the turn that EXIF asks for. Where not a single image is there, the examples stay without images: annotation files often
    travel alone.
    """
    if MEDIA not in examples.columns or not examples[MEDIA].is_not_null().any():
        return examples.drop(MEDIA, strict=False), {}
    folder = root or Path()
    names = examples[MEDIA].to_list()
    seen = in_threads(lambda name: _look(folder, name, decode=decode), names)
    missing = [one.fault is _MISSING for one in seen]
    if all(missing):
        message = f"none of the {len(seen):,} images is there"
        remedy = "the examples stay without images; say where they are with --images"
        problems.add(str(folder), message, remedy)
        return examples.drop(MEDIA), {}
    _report(examples, seen, problems)
    usable = pl.Series([one.fault is None for one in seen], dtype=pl.Boolean)
    sized = _with_sizes(examples, seen)
    return sized.filter(usable), _turns(examples, seen)


_MISSING = MediaFault("its image is not there")


def _look(root: Path, name: str | None, *, decode: bool) -> _Seen:
    if name is None:
        return _Seen()
    path = locate(root, name)
    if isinstance(path, MediaFault):
        absent = path.message == "is not there"
        return _Seen(_MISSING if absent else path)
    if dicom.is_dicom(path):
        size = dicom.inspect(path, decode=decode)
        return _Seen(size) if isinstance(size, MediaFault) else _Seen(None, *size)
    facts = inspect_image(path)
    if isinstance(facts, MediaFault):
        return _Seen(facts)
    if facts.frames > 1:
        message = f"has {facts.frames} frames"
        return _Seen(MediaFault(message, "make images of them with `heldout data frames`"))
    notes = []
    if path.suffix.lower() not in SUFFIXES[facts.format]:
        notes.append(f'is a {facts.format} file with the extension "{path.suffix}"')
    try:
        orientation, mode = _open(path, decode=decode)
    except Exception:  # A decoder given a damaged file raises nearly anything.
        return _Seen(MediaFault("is damaged or cut short", "copy the file again from its source"))
    if mode == "CMYK":
        notes.append("is in CMYK colours, which screens show differently; convert it to RGB")
    size = facts.width, facts.height
    width, height = size[::-1] if orientation in _SIDEWAYS else size
    return _Seen(None, width, height, orientation, tuple(notes))


def _open(path: Path, *, decode: bool) -> tuple[int, str]:
    with open_image(path) as image:
        orientation = int(image.getexif().get(_ORIENTATION, 1))
        if decode:
            image.load()
        return orientation, image.mode


def shown_size(path: Path) -> tuple[int, int] | MediaFault:
    """Return width and height of an image as it is shown, from its header alone."""
    if dicom.is_dicom(path):
        return dicom.inspect(path, decode=False)
    facts = inspect_image(path)
    if isinstance(facts, MediaFault):
        return facts
    size = facts.width, facts.height
    try:
        orientation, _ = _open(path, decode=False)
    except Exception:  # See `_look`.
        return size
    return size[::-1] if orientation in _SIDEWAYS else size


def _report(examples: pl.DataFrame, seen: list[_Seen], problems: Problems) -> None:
    stated = _stated(examples)
    rows = zip(examples[PLACE], examples[MEDIA], seen, stated, strict=True)
    for place, name, one, size in rows:
        where = place if name is None or name in place else f"{place}, {name}"
        if one.fault is not None:
            problems.add(where, f"{one.fault.message}; the example is left out", one.fault.remedy)
            continue
        for note in one.notes:
            problems.add(where, note)
        if None not in size and one.width is not None and size != (one.width, one.height):
            problems.add(where, *_wrong_size(one, size))


def _stated(examples: pl.DataFrame) -> list[tuple[int | None, int | None]]:
    if WIDTH not in examples.columns or HEIGHT not in examples.columns:
        return [(None, None)] * examples.height
    return list(zip(examples[WIDTH], examples[HEIGHT], strict=True))


def _turns(examples: pl.DataFrame, seen: list[_Seen]) -> dict[str, Turn]:
    rows = zip(examples[ID], seen, _stated(examples), strict=True)
    return {
        name: Turn(one.orientation, size[0], size[1])
        for name, one, size in rows
        if size[0] is not None and size[1] is not None and _is_turned(one, size)
    }


def _is_turned(one: _Seen, size: tuple[int | None, int | None]) -> bool:
    """Whether a size is that of the image before EXIF turns it, and only that."""
    differs = one.width != one.height
    return differs and one.orientation in _SIDEWAYS and size == (one.height, one.width)


def _wrong_size(one: _Seen, size: tuple[int | None, int | None]) -> tuple[str, str]:
    if _is_turned(one, size):
        message = (
            f"is shown as {one.width} x {one.height} because EXIF turns it, "
            f"but annotated as {size[0]} x {size[1]}; its annotations are turned with it"
        )
        return message, "look at them"
    message = f"is {one.width} x {one.height}, but said to be {size[0]} x {size[1]}"
    return message, "its real size counts; check its annotations"


def _with_sizes(examples: pl.DataFrame, seen: list[_Seen]) -> pl.DataFrame:
    """Put the real sizes into the table; where an image is absent, what was said stays."""
    stated = _stated(examples)
    widths = [one.width or size[0] for one, size in zip(seen, stated, strict=True)]
    heights = [one.height or size[1] for one, size in zip(seen, stated, strict=True)]
    return examples.with_columns(
        pl.Series(WIDTH, widths, dtype=pl.Int64), pl.Series(HEIGHT, heights, dtype=pl.Int64)
    )
