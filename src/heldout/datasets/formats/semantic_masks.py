"""Semantic masks: a folder of images, and a folder of PNG files of the same names, one number per pixel.

Masks are grey with 8 or 16 bits, or have a palette, whose entries are then the numbers. `classes.csv`
(`number`, `name` and perhaps `colour` as `#rrggbb`) or `classes.txt` (a name per line, from 0) names the
numbers. Pixels of 255, or of 65535 where there are 16 bits, are unlabelled unless they are named, and so is 0
where the classes leave it out.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from heldout.datasets.annotations import run_lengths
from heldout.datasets.annotations.dataset import Category, DataSet
from heldout.datasets.annotations.schema import HEIGHT, SPLIT, WIDTH, Kind
from heldout.datasets.formats.checking import printable
from heldout.datasets.formats.exporting import (
    WHOLE,
    by_split,
    numbers,
    place_images,
    rows_by_example,
    stems,
)
from heldout.datasets.formats.finding import listing, split_of
from heldout.datasets.formats.format import Draft, Format, Source, Trait
from heldout.datasets.formats.rows import Rows
from heldout.datasets.images import IMAGE_SUFFIXES, open_image
from heldout.datasets.table import ID
from heldout.errors import BadInput, Problem, Problems

Numbers = NDArray[np.int64]

_FOLDERS = (("images", "masks"), ("images", "annotations"), ("JPEGImages", "SegmentationClass"))
_VOID, _VOID_16 = 255, 65535
_COLOUR = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")


class _Mask(NamedTuple):
    numbers: Numbers
    void: int
    palette: tuple[int, ...]


def _folders(path: Path) -> tuple[Path, Path] | None:
    for images, masks in _FOLDERS:
        if (path / images).is_dir() and (path / masks).is_dir():
            names = listing(path / masks)
            if any(_suffix(name) == ".png" for name in names):
                return path / images, path / masks
    return None


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _stem(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(""))


def _recognise(path: Path) -> bool:
    return path.is_dir() and _folders(path) is not None


def _read(source: Source, problems: Problems) -> Draft | None:
    folders = _folders(source.path) if source.path.is_dir() else None
    if folders is None:
        problems.add(
            source.path.name, "holds no folder `images` beside a folder `masks` of PNG files"
        )
        return None
    images, masks = source.images or folders[0], folders[1]
    declared = _read_classes(source.path, problems)
    drawn = {_stem(name): name for name in listing(masks) if _suffix(name) == ".png"}
    named = {_stem(name): name for name in listing(images) if _suffix(name) in IMAGE_SUFFIXES}
    for stem in sorted(drawn.keys() - named.keys()):
        problems.add(
            f"{masks.name}/{printable(drawn[stem])}", "has no image of this name; it is left out"
        )
    rows, found = Rows(), dict(declared)
    short = Counter(PurePosixPath(stem).name for stem in named)
    for stem, name in named.items():
        example_id = PurePosixPath(stem).name
        example_id = example_id if short[example_id] == 1 else stem
        split = split_of(PurePosixPath(stem).parent)
        rows.example(
            f"{images.name}/{printable(name)}",
            example_id,
            name,
            **({SPLIT: split} if split else {}),
        )
        if stem in drawn:
            _read_mask(masks, drawn[stem], example_id, rows, found, bool(declared), problems)
        else:
            problems.add(f"{images.name}/{printable(name)}", "has no mask; it stays without one")
    return rows.draft(root=images, categories=[found[number] for number in sorted(found)])


def _read_mask(
    folder: Path,
    name: str,
    example_id: str,
    rows: Rows,
    classes: dict[int, Category],
    declared: bool,
    problems: Problems,
) -> None:
    """Add a segment for each number of a mask; without declared classes a number is its own class."""
    place = f"{folder.name}/{printable(name)}"
    mask = _open_mask(folder / name, place, problems)
    if mask is None:
        return
    for number in np.unique(mask.numbers).tolist():
        if number not in classes and (number == mask.void or (declared and number == 0)):
            continue
        if number not in classes and declared:
            times = int((mask.numbers == number).sum())
            problems.add(
                place,
                f"{times:,} pixels have the number {number}, which is no class; they are left out",
            )
            continue
        category = classes.setdefault(
            number, Category(str(number), number=number, colour=_entry(mask.palette, number))
        )
        counts = run_lengths.counts_of_pixels(mask.numbers == number)
        rows.annotation(
            place,
            example_id,
            Kind.SEGMENT,
            category=category.name,
            mask=run_lengths.text_of(counts),
            mask_height=mask.numbers.shape[0],
            mask_width=mask.numbers.shape[1],
            box=run_lengths.box_of(counts, mask.numbers.shape[0]),
            area=float(run_lengths.area_of(counts)),
        )


def _open_mask(path: Path, place: str, problems: Problems) -> _Mask | None:
    try:
        with open_image(path) as image:
            image.load()
            mode, palette = image.mode, tuple(image.getpalette() or ()) if image.mode == "P" else ()
            pixels = np.asarray(image)
    except Exception:  # A decoder given a damaged file raises nearly anything.
        problems.add(place, "is damaged or too large; the example stays without a mask")
        return None
    if pixels.ndim != 2:
        message = f"has {pixels.shape[2]} numbers per pixel; the example stays without a mask"
        problems.add(place, message, "save one number per pixel: grey, or with a palette")
        return None
    deep = mode.startswith("I")
    return _Mask(pixels.astype(np.int64), _VOID_16 if deep else _VOID, palette)


def _entry(palette: tuple[int, ...], number: int) -> tuple[int, int, int] | None:
    entry = palette[3 * number : 3 * number + 3]
    return (entry[0], entry[1], entry[2]) if len(entry) == 3 else None


def _read_classes(folder: Path, problems: Problems) -> dict[int, Category]:
    if (folder / "classes.csv").is_file():
        return _from_csv(folder / "classes.csv", problems)
    if not (folder / "classes.txt").is_file():
        return {}
    lines = (folder / "classes.txt").read_text("utf-8", errors="replace").splitlines()
    names = [line.strip() for line in lines]
    return {place: Category(name, number=place) for place, name in enumerate(names) if name}


def _from_csv(path: Path, problems: Problems) -> dict[int, Category]:
    found: dict[int, Category] = {}
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        for line, row in enumerate(csv.DictReader(file), 2):
            number, name = (row.get("number") or "").strip(), (row.get("name") or "").strip()
            if not number.isdecimal() or int(number) > _VOID_16 or not name:
                problems.add(
                    f"{path.name} line {line}", "names no number from 0 to 65535, or no class"
                )
            elif int(number) in found:
                problems.add(f"{path.name} line {line}", f"the number {number} was there before")
            else:
                colour = _COLOUR.fullmatch((row.get("colour") or "").strip())
                parts = tuple(int(part, 16) for part in colour.groups()) if colour else None
                found[int(number)] = Category(name, number=int(number), colour=parts)  # type: ignore[arg-type]
    return found


def _write(dataset: DataSet, folder: Path) -> None:
    coded = numbers(dataset, first=1)
    if any(not 0 <= number < _VOID_16 for number in coded.values()):
        raise BadInput(
            [Problem("categories", "a number does not fit into 16 bits", "number them from 1")]
        )
    with (folder / "classes.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("number", "name", "colour"))
        for one in dataset.categories:
            colour = "".join(f"{part:02x}" for part in one.colour or ())
            writer.writerow((coded[one.name], one.name, colour and f"#{colour}"))
    annotations = rows_by_example(dataset.annotations)
    for split, part in by_split(dataset):
        below = () if split == WHOLE else (split,)
        names = place_images(part, folder.joinpath("images", *below))
        masks = folder.joinpath("masks", *below)
        masks.mkdir(parents=True, exist_ok=True)
        for row, stem, name in zip(
            part.examples.iter_rows(named=True), stems(part, names), names, strict=True
        ):
            if name is not None:
                _paint(row, annotations.get(row[ID], []), coded, dataset).save(
                    masks / f"{stem}.png"
                )


def _paint(
    row: Mapping[str, Any],
    annotations: list[dict[str, Any]],
    coded: Mapping[str, int],
    dataset: DataSet,
) -> Image.Image:
    deep = any(number >= _VOID for number in coded.values())
    pixels = np.full(
        (row[HEIGHT], row[WIDTH]), _VOID_16 if deep else _VOID, np.uint16 if deep else np.uint8
    )
    for one in annotations:
        if one["kind"] == Kind.SEGMENT and one["mask"] is not None:
            counts = run_lengths.counts_of(one["mask"])
            drawn = run_lengths.pixels_of(counts, one["mask_height"], one["mask_width"])
            pixels[drawn] = coded[one["category"]]
    image = Image.fromarray(pixels)
    colours = {coded[one.name]: one.colour for one in dataset.categories if one.colour}
    if colours and not deep:
        image.putpalette([part for number in range(256) for part in colours.get(number, (0, 0, 0))])
    return image


FORMAT = Format(
    id="semantic-masks",
    title="Semantic masks",
    layout="a folder `images` and a folder `masks` of PNG files of the same names, `classes.csv`",
    holds=frozenset({Trait.SPLITS, Trait.SEGMENTS, Trait.NUMBERS}),
    recognise=_recognise,
    read=_read,
    write=_write,
)
