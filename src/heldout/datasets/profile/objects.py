"""How many objects there are in an example, how large they are, and where they lie."""

from __future__ import annotations

import numpy as np
import polars as pl

from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.annotations.schema import HEIGHT, SPLIT, WIDTH, Kind, is_located
from heldout.datasets.profile.statistic import Bars, Grid, Statistic, named, percent, select, share
from heldout.datasets.table import ID

SMALL, MEDIUM = 32**2, 96**2  # Square pixels: the limits of COCO's evaluation.
SIZES = ("small", "medium", "large")
CELLS = 8


def objects_per_image(dataset: DataSet) -> Statistic:
    """Count the examples with 0, 1, 2 … located objects.

    Splits none of whose examples has an object are left out: what is held out is not empty.
    """
    counts = dataset.annotations.filter(is_object()).group_by(ID).agg(pl.len().alias("objects"))
    known, splits = _annotated(dataset)
    each = known.select(ID).join(counts, on=ID, how="left")
    each = each.with_columns(pl.col("objects").fill_null(0).cast(pl.Int64))
    table = each.group_by("objects").agg(pl.len().cast(pl.Int64).alias("examples")).sort("objects")
    numbers = each["objects"].to_numpy()
    empty = int((numbers == 0).sum())
    return Statistic(
        id="objects-per-image",
        title="Objects per image",
        note=(
            f"{numbers.mean():.2f} objects in an example on average, median {np.median(numbers):g}, "
            f"at most {numbers.max():,}. {named(empty, 'example has', 'examples have')} none "
            f"({percent(share(empty, len(numbers)))})."
            + (f" Only {', '.join(splits)}: other splits have no objects." if splits else "")
        ),
        table=table,
        query=_counted_query(splits),
        chart=Bars("objects", "examples", "Examples"),
    )


def _annotated(dataset: DataSet) -> tuple[pl.DataFrame, list[str]]:
    """Return the examples of the splits that have objects; and those splits, if there are others."""
    if SPLIT not in dataset.examples.columns:
        return dataset.examples, []
    owners = dataset.annotations.filter(is_object())[ID].implode()
    splits = dataset.examples.filter(pl.col(ID).is_in(owners))[SPLIT].drop_nulls().unique().sort()
    known = dataset.examples.filter(pl.col(SPLIT).is_in(splits.implode()))
    return known, splits.to_list() if len(known) < len(dataset) else []


def _counted_query(splits: list[str]) -> str:
    names = ", ".join("'" + one.replace("'", "''") + "'" for one in splits)
    return (
        "SELECT examples.* FROM examples LEFT JOIN (SELECT example_id AS owner, COUNT(*) AS found "  # noqa: S608 - runs on tables in memory
        "FROM annotations WHERE kind = 'object' AND x0 IS NOT NULL GROUP BY example_id) AS counted "
        "ON examples.example_id = counted.owner WHERE COALESCE(counted.found, 0) = {objects}"
        + (f" AND examples.split IN ({names})" if splits else "")
    )


def is_object() -> pl.Expr:
    """Whether an annotation is an object with a box."""
    return (pl.col("kind") == Kind.OBJECT) & is_located()


def box_area() -> pl.Expr:
    """The area of a box in square pixels."""
    return (pl.col("x1") - pl.col("x0")) * (pl.col("y1") - pl.col("y0"))


def own_area() -> pl.Expr:
    """The area the source measures, as COCO does, else that of the box."""
    return pl.coalesce("area", box_area())


def size_class() -> pl.Expr:
    """Which of `SIZES` an object has."""
    return (
        pl.when(own_area() < SMALL)
        .then(pl.lit(SIZES[0]))
        .when(own_area() < MEDIUM)
        .then(pl.lit(SIZES[1]))
        .otherwise(pl.lit(SIZES[2]))
    )


def box_sizes(dataset: DataSet) -> Statistic:
    """Sort objects into COCO's sizes: small below 32² square pixels, large from 96² on.

    An object's own area counts where the source measures it, as COCO does, else that of its box.
    """
    boxes = dataset.annotations.filter(is_object()).select(
        size_class().alias("size"), own_area().alias("area")
    )
    found = boxes.group_by("size").agg(
        pl.len().cast(pl.Int64).alias("objects"), pl.col("area").median().alias("median_area")
    )
    table = (
        pl.DataFrame({"size": SIZES})
        .join(found, on="size", how="left", maintain_order="left")
        .with_columns(pl.col("objects").fill_null(0))
        .with_columns((pl.col("objects") / pl.col("objects").sum()).alias("share"))
    )
    told = ", ".join(
        f"{percent(part)} {name}" for name, part in table.select("size", "share").rows()
    )
    return Statistic(
        id="box-sizes",
        title="Sizes of objects",
        note=f"{named(boxes.height, 'object')}: {told}. Small is below 32², large from 96² square pixels.",
        table=table,
        query=select(
            "annotations",
            "kind = 'object' AND x0 IS NOT NULL AND CASE WHEN "
            f"COALESCE(area, (x1 - x0) * (y1 - y0)) < {SMALL} THEN 'small' WHEN "
            f"COALESCE(area, (x1 - x0) * (y1 - y0)) < {MEDIUM} THEN 'medium' ELSE 'large' END "
            "= {size}",
        ),
        chart=Bars("size", "objects", "Objects"),
    )


def place_boxes(examples: pl.DataFrame, annotations: pl.DataFrame) -> pl.DataFrame:
    """Return for each box the example and the `row` and `column` its centre lies in, from 1 to 8."""
    sizes = examples.select(ID, pl.col(WIDTH).alias("_w"), pl.col(HEIGHT).alias("_h"))
    boxes = annotations.filter(is_object()).join(sizes, on=ID)

    def cell(low: str, high: str, size: str) -> pl.Expr:
        place = (pl.col(low) + pl.col(high)) / 2 / pl.col(size) * CELLS
        return place.floor().clip(0, CELLS - 1).cast(pl.Int64) + 1

    return boxes.filter((pl.col("_w") > 0) & (pl.col("_h") > 0)).select(
        ID, cell("y0", "y1", "_h").alias("row"), cell("x0", "x1", "_w").alias("column")
    )


def box_positions(dataset: DataSet) -> Statistic:
    """Count the centres of boxes in an 8 by 8 grid laid over each image."""
    placed = place_boxes(dataset.examples, dataset.annotations)
    places = pl.DataFrame(
        [(row, column) for row in range(1, CELLS + 1) for column in range(1, CELLS + 1)],
        schema=["row", "column"],
        orient="row",
    )
    counts = placed.group_by("row", "column").agg(pl.len().cast(pl.Int64).alias("objects"))
    table = places.join(counts, on=["row", "column"], how="left", maintain_order="left")
    table = table.with_columns(pl.col("objects").fill_null(0)).with_columns(
        (pl.col("objects") / max(1, placed.height)).alias("share")
    )
    middle = range(CELLS // 4 + 1, 3 * CELLS // 4 + 1)
    inside = table.filter(pl.col("row").is_in(middle) & pl.col("column").is_in(middle))
    return Statistic(
        id="box-positions",
        title="Where objects lie",
        note=(
            f"{percent(share(int(inside['objects'].sum()), placed.height))} of {placed.height:,} centres "
            "lie in the middle quarter of their image; evenly spread it would be 25.0 %."
        ),
        table=table,
        query=select(
            "annotations JOIN examples USING (example_id)",
            f"kind = 'object' AND FLOOR((y0 + y1) / 2 / height * {CELLS}) + 1 = {{row}} "
            f"AND FLOOR((x0 + x1) / 2 / width * {CELLS}) + 1 = {{column}}",
        ),
        chart=Grid("row", "column", "objects", "Objects"),
    )
