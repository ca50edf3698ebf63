"""What may lead to a person: addresses and telephone numbers in texts, places in photographs."""

from __future__ import annotations

import polars as pl

from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.images import open_image
from heldout.datasets.profile.statistic import Statistic, named, select
from heldout.datasets.table import ID

PATTERNS = {
    "e-mail": r"(?i)\b[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}\b",
    "telephone": r"(?:^|[^\w.,/-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,4}\)[ .-]?|\d{2,4}[ .-])\d{3,4}[ .-]\d{3,4}(?:$|[^\w-])",
}
GPS = 0x8825  # The tag of EXIF under which latitude and longitude stand.


def personal_patterns(dataset: DataSet) -> Statistic:
    """Find e-mail addresses and telephone numbers in the texts of examples and annotations.

    The table names examples and columns, never what was found.
    """
    cells = [
        (name, dataset.examples.select(ID, pl.col(name).alias("text")))
        for name, dtype in dataset.examples.schema.items()
        if dtype == pl.String and name != ID
    ]
    cells.append(("annotations", dataset.annotations.select(ID, "text")))
    found = [
        frame.filter(pl.col("text").str.contains(pattern)).select(
            ID, pl.lit(name).alias("column"), pl.lit(kind).alias("pattern")
        )
        for name, frame in cells
        for kind, pattern in PATTERNS.items()
    ]
    table = pl.concat(found).unique().sort(ID, "column", "pattern")
    counts = dict(table.group_by("pattern").len().sort("pattern").iter_rows())
    return Statistic(
        id="personal-patterns",
        title="Addresses and telephone numbers",
        note="Texts with something that looks like one: "
        + ", ".join(f"{kind} {counts.get(kind, 0):,}" for kind in PATTERNS)
        + ".",
        table=table,
        query=select("examples", "example_id IN (SELECT example_id FROM result)"),
        alarms=tuple(
            f"{named(n, 'text holds', 'texts hold')} something that looks like "
            f"{'an e-mail address' if kind == 'e-mail' else 'a telephone number'}."
            for kind, n in counts.items()
        ),
    )


def places_in_photographs(dataset: DataSet) -> Statistic:
    """Find images whose EXIF says where they were taken. Reads headers, decodes no pixels."""
    ids, unread = [], 0
    for example, path in zip(dataset.examples[ID], dataset.media_paths(), strict=True):
        if path is None:
            continue
        try:
            with open_image(path) as image:
                if image.getexif().get_ifd(GPS):
                    ids.append(example)
        except Exception:  # A decoder given a damaged file raises nearly anything.
            unread += 1
    table = pl.DataFrame({ID: ids}, schema={ID: pl.String})
    told = f"{named(len(ids), 'image says', 'images say')} where it was taken"
    return Statistic(
        id="places-in-photographs",
        title="Places in photographs",
        note=f"{told}; {unread:,} could not be read.",
        table=table,
        query=select("examples", "example_id IN (SELECT example_id FROM result)"),
        alarms=(f"{told} (EXIF GPS); an export without metadata removes it.",) if ids else (),
    )
