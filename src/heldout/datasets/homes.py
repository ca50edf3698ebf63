"""Household things of invented homes, drawn by this program, with faults planted on purpose.

Nothing here was photographed and nobody lives in these homes. The pictures teach what to look for before a
challenge opens: each fault is of a kind that real data sets had, and how often it occurs is in `PLANTED`.

The homes are like those of surveys: incomes spread over three orders of magnitude, but none lies in the
middle, and few poor homes were drawn for training. Poor homes are dim, so a model that learned from bright
rooms sees less in them.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heldout.datasets.atomic import write_bytes
from heldout.datasets.table import ID, MEDIA, REFERENCE
from heldout.datasets.writers import write_table

Pixels = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Planted(NamedTuple):
    """How many examples have which fault.

    Attributes:
        same_file: Test pictures that are files of the training split.
        copies: Test pictures that are cropped, mirrored and compressed pictures of the training split.
        divided_homes: Homes of which half of the pictures are in either split.
        no_licence: Examples without a licence.
        non_commercial: Examples under a licence that forbids what the whole allows.
        opted_out: Examples whose author asked for them to be left out.
        e_mails: Examples whose note names an address.
        gap: No home's income lies between these two.
    """

    same_file: int = 4
    copies: int = 12
    divided_homes: int = 3
    no_licence: int = 14
    non_commercial: int = 9
    opted_out: int = 2
    e_mails: int = 1
    gap: tuple[int, int] = (300, 900)


PLANTED = Planted()
LICENCE, OTHER_LICENCE = "CC-BY-4.0", "CC-BY-NC-4.0"
BANDS = ("below 300", "from 900")
SIDE = 64
POOREST, RICHEST = 30, 9000
HOMES = {"train": (8, 34), "test": (14, 16)}  # Poor homes and others.
DIM, BRIGHT, NOISE = 0.12, 0.95, 12.0

Shape = Callable[[Pixels, Pixels], Mask]


def _disc(x: Pixels, y: Pixels, radius: float) -> Mask:
    return np.hypot(x, y) < radius


# Each thing within -1 … 1, y downwards.
THINGS: Mapping[str, Shape] = {
    "bed": lambda x, y: ((abs(x) < 0.95) & (abs(y - 0.3) < 0.2)) | ((x < -0.7) & (abs(y) < 0.8) & (x > -0.95)),
    "cup": lambda x, y: ((abs(x + 0.2) < 0.5) & (abs(y) < 0.6)) | (_disc(x - 0.4, y, 0.45) & ~_disc(x - 0.4, y, 0.25)),
    "door": lambda x, y: (abs(x) < 0.45) & (abs(y) < 0.95) & ~_disc(x - 0.3, y, 0.1),
    "lamp": lambda x, y: ((abs(x) < 0.9 + y) & (y < 0)) | ((abs(x) < 0.08) & (y < 0.9)) | ((abs(x) < 0.5) & (abs(y - 0.9) < 0.1)),
    "pot": lambda x, y: (_disc(x, y, 0.8) & (y > 0)) | ((abs(x) < 0.95) & (abs(y + 0.1) < 0.1)),
    "stove": lambda x, y: (np.maximum(abs(x), abs(y)) < 0.85) & ~_disc(abs(x) - 0.42, abs(y) - 0.42, 0.28),
}  # fmt: skip


def write_homes(folder: Path, *, seed: int) -> dict[str, Path]:
    """Write pictures and the tables of the splits `train` and `test`; return where the tables are.

    The bytes are the same for the same seed.
    """
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    rows = [row for split in HOMES for row in _split_rows(split, rng)]
    for number, row in enumerate(rows):
        row[MEDIA] = f"{number:04d}.png"
        picture = _draw(THINGS[row[REFERENCE]], row["income"], rng)
        write_bytes(folder / row[MEDIA], _encode(picture), durable=False)
    _divide_homes(rows)
    rows += _copies(folder, rows, rng)
    _spoil_rights(rows, rng)
    ids = rng.permutation(len(rows))
    frame = pl.DataFrame(rows).with_columns(pl.Series(ID, [f"thing-{place:03d}" for place in ids]))
    tables = {}
    for split in HOMES:
        tables[split] = folder / f"{split}.parquet"
        write_table(frame.sort(ID).filter(split=split).drop("split"), tables[split])
    return tables


def _split_rows(split: str, rng: np.random.Generator) -> list[dict[str, Any]]:
    poor, others = HOMES[split]
    low, high = PLANTED.gap
    incomes = [*np.geomspace(POOREST, low, poor), *np.geomspace(high, RICHEST, others)]
    regions = ["hills"] * poor + rng.choice(["coast", "plain"], others).tolist()
    return [
        {
            REFERENCE: thing,
            "split": split,
            "home": f"{split[:2]}{home:02d}",
            "region": region,
            "income": round(float(income)),
            "income_band": BANDS[int(income > low)],
            "licence": LICENCE,
            "author": "heldout demo",
            "source": "drawn by a program",
            "opt_out": "",
            "note": "",
        }
        for home, (income, region) in enumerate(zip(incomes, regions, strict=True))
        for thing in THINGS
    ]


def _draw(shape: Shape, income: float, rng: np.random.Generator) -> Pixels:
    """Return a picture from 0 to 255 of shape (64, 64, 3): a thing before a patchy wall."""
    from PIL import Image

    patches = Image.fromarray(rng.integers(0, 190, (7, 7, 3), dtype=np.uint8))
    wall = np.asarray(patches.resize((SIDE, SIDE), Image.Resampling.BICUBIC), np.float64)
    axis = np.linspace(-1, 1, SIDE)
    size, across, down = rng.uniform(0.6, 0.75), *rng.uniform(-0.2, 0.2, 2)
    mask = shape((axis[None, :] - across) / size, (axis[:, None] - down) / size)
    wall[mask] = 0.2 * wall[mask] + 0.8 * rng.uniform(180, 255, 3)
    light = np.interp(np.log(income), np.log([POOREST, RICHEST]), [DIM, BRIGHT])
    noise = rng.normal(0, NOISE, wall.shape)
    return np.asarray(np.clip(light * wall + noise, 0, 255))


def _encode(picture: Pixels) -> bytes:
    """Return an uncompressed PNG, whose bytes do not depend on the compressor's version."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(picture.astype(np.uint8)).save(stream, format="PNG", compress_level=0)
    return stream.getvalue()


def _divide_homes(rows: list[dict[str, Any]]) -> None:
    """Let some homes of the training split have every other picture in the test split."""
    homes = sorted({row["home"] for row in rows if row["split"] == "train"})
    divided = homes[-PLANTED.divided_homes :]
    for place, row in enumerate(rows):
        if row["home"] in divided and place % 2:
            row["split"] = "test"


def _copies(
    folder: Path, rows: list[dict[str, Any]], rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Bring training pictures into the test split once more, under homes of that split."""
    train = [row for row in rows if row["split"] == "train"]
    hosts = [row for row in rows if row["home"].startswith("te")]
    number = PLANTED.same_file + PLANTED.copies
    found = []
    for place, taken in enumerate(rng.choice(len(train), number, replace=False)):
        source, host = train[taken], hosts[rng.integers(len(hosts))]
        copy = host | {REFERENCE: source[REFERENCE], MEDIA: f"copy-{place:02d}.jpg"}
        if place < PLANTED.same_file:
            copy[MEDIA] = source[MEDIA]
        else:
            content = _disguise((folder / source[MEDIA]).read_bytes(), mirrored=bool(place % 2))
            write_bytes(folder / copy[MEDIA], content, durable=False)
        found.append(copy)
    return found


def _disguise(content: bytes, *, mirrored: bool) -> bytes:
    """Cut 3 % off each side, mirror if asked, and save as JPEG."""
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(content)) as image:
        cut = ImageOps.crop(image, round(0.03 * SIDE))
    stream = io.BytesIO()
    (ImageOps.mirror(cut) if mirrored else cut).save(stream, format="JPEG", quality=60)
    return stream.getvalue()


def _spoil_rights(rows: list[dict[str, Any]], rng: np.random.Generator) -> None:
    order = iter(rng.permutation(len(rows)).tolist())
    for times, fault in (
        (PLANTED.no_licence, {"licence": None}),
        (PLANTED.non_commercial, {"licence": OTHER_LICENCE}),
        (PLANTED.opted_out, {"opt_out": "yes"}),
        (PLANTED.e_mails, {"note": "ask lamps@homes.invalid"}),
    ):
        for _ in range(times):
            rows[next(order)] |= fault
