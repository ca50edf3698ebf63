"""Checks of boxes, polygons, masks and keypoints against the size of their image."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from heldout.datasets.annotations import run_lengths
from heldout.datasets.annotations.schema import BOX, HEIGHT, WIDTH, Kind
from heldout.datasets.formats.format import PLACE
from heldout.datasets.table import ID
from heldout.errors import Problems

SLACK = 1.0  # Pixels that a box may reach out of its image by rounding; it is kept as it is.
LOCATED = [Kind.OBJECT, Kind.SEGMENT]


def check_geometry(
    annotations: pl.DataFrame, sizes: pl.DataFrame, problems: Problems
) -> pl.DataFrame:
    """Return the annotations whose geometry is sound.

    Args:
        annotations: With the column `place`.
        sizes: `example_id`, `width`, `height`; null where unknown.
        problems: Collects faults.
    """
    frame = annotations.join(sizes, on=ID, how="left", maintain_order="left")
    frame = _check_polygons(frame, problems)
    frame = _check_masks(frame, problems)
    frame = _check_keypoints(frame, problems)
    frame = _fill_boxes(frame)
    frame = _check_boxes(frame, problems)
    located = pl.col("kind").is_in(LOCATED)
    nowhere = located & pl.col("x0").is_null() & pl.col("mask").is_null()
    frame = _report_and_drop(
        frame, nowhere, problems, lambda _: "has no box, polygon or mask; it is left out"
    )
    return frame.drop(WIDTH, HEIGHT)


def _report_and_drop(
    frame: pl.DataFrame,
    fault: pl.Expr,
    problems: Problems,
    say: Callable[[dict[str, object]], str],
) -> pl.DataFrame:
    marked = frame.select(fault.fill_null(value=False).alias("fault"))["fault"]
    for row in frame.filter(marked).iter_rows(named=True):
        problems.add(str(row[PLACE]), say(row))
    return frame.filter(~marked) if marked.any() else frame


def _check_polygons(frame: pl.DataFrame, problems: Problems) -> pl.DataFrame:
    has_any = frame["polygons"].is_not_null()
    if not has_any.any():
        return frame
    parts = (
        frame.lazy()
        .select(PLACE, "polygons", WIDTH, HEIGHT)
        .with_row_index("row")
        .filter(pl.col("polygons").is_not_null())
        .explode("polygons")
        .with_columns(_polygon_fault().alias("fault"))
        .collect()
    )
    faulty = parts.filter(pl.col("fault").is_not_null())
    for row in faulty.iter_rows(named=True):
        problems.add(row[PLACE], row["fault"])
    if faulty.is_empty():
        return frame
    sound = parts.filter(pl.col("fault").is_null() | pl.col("fault").str.starts_with("reaches"))
    cut = sound.with_columns(_cut_polygons(sound))
    again = cut.group_by("row", maintain_order=True).agg("polygons")
    rows = frame.drop("polygons").with_row_index("row")
    joined = rows.join(again, on="row", how="left", maintain_order="left")
    return joined.select(frame.columns)


def _polygon_fault() -> pl.Expr:
    numbers = pl.col("polygons").list
    finite = numbers.eval(pl.element().is_finite()).list.all()
    xs, ys = numbers.gather_every(2), numbers.gather_every(2, 1)
    outside = (
        (xs.list.min() < -SLACK)
        | (ys.list.min() < -SLACK)
        | (xs.list.max() > pl.col(WIDTH) + SLACK)
        | (ys.list.max() > pl.col(HEIGHT) + SLACK)
    )
    return (
        pl.when(pl.col("polygons").is_null() | (numbers.len() % 2 == 1))
        .then(pl.lit("a polygon with an odd number of coordinates is left out"))
        .when(numbers.len() < 6)
        .then(pl.format("a polygon of {} points is left out; it needs three", numbers.len() // 2))
        .when(~finite)
        .then(pl.lit("a polygon with a coordinate that is no number is left out"))
        .when(outside)
        .then(pl.lit("reaches out of its image with a polygon; it is cut to the image"))
    )


def _cut_polygons(parts: pl.DataFrame) -> pl.Series:
    cut = [
        _cut(polygon, width, height) if fault else polygon
        for polygon, width, height, fault in parts.select(
            "polygons", WIDTH, HEIGHT, "fault"
        ).iter_rows()
    ]
    return pl.Series("polygons", cut, dtype=pl.List(pl.Float64))


def _cut(polygon: list[float], width: float, height: float) -> list[float]:
    points = np.asarray(polygon).reshape(-1, 2)
    flat: list[float] = np.clip(points, 0, [width, height]).ravel().tolist()
    return flat


def _check_masks(frame: pl.DataFrame, problems: Problems) -> pl.DataFrame:
    """Read every mask once: those of the wrong size go, the others give boxes and areas."""
    if not frame["mask"].is_not_null().any():
        return frame
    columns = ["mask", "mask_height", "mask_width", WIDTH, HEIGHT, PLACE]
    kept: list[bool] = []
    boxes: list[tuple[float, float, float, float] | None] = []
    for text, height, width, *size, place in frame.select(columns).iter_rows():
        fault, box = (None, None) if text is None else _look(text, height, width, size)
        if fault:
            problems.add(place, f"{fault}; the mask is left out")
        kept.append(fault is None)
        boxes.append(box)
    mask = pl.Series(kept)
    frame = frame.with_columns(
        pl.when(mask).then(pl.col(name)).otherwise(None).alias(name)
        for name in ("mask", "mask_height", "mask_width")
    )
    found = pl.Series(
        [None if box is None else list(box) for box in boxes], dtype=pl.List(pl.Float64)
    )
    return frame.with_columns(
        pl.coalesce(pl.col(name), found.list.get(place, null_on_oob=True)).alias(name)
        for place, name in enumerate(BOX)
    )


def _look(
    text: str, height: int | None, width: int | None, size: list[float | None]
) -> tuple[str | None, tuple[float, float, float, float] | None]:
    if not height or not width:
        return "a mask without a size", None
    if None not in size and (width, height) != (size[0], size[1]):
        shown = f"{size[0]:.0f} x {size[1]:.0f}"
        return f"a mask of {width} x {height} for an image of {shown}", None
    try:
        counts = run_lengths.counts_of(text)
    except ValueError as error:
        return str(error), None
    total = int(counts.sum())
    if total != height * width:
        return f"run lengths of {total:,} pixels for a mask of {height * width:,}", None
    return None, run_lengths.box_of(counts, height)


def _check_keypoints(frame: pl.DataFrame, problems: Problems) -> pl.DataFrame:
    points = pl.col("keypoints").list
    wrong = pl.col("keypoints").is_not_null() & (
        (points.len() % 3 != 0) | ~points.eval(pl.element().is_finite()).list.all()
    )
    marked = frame.select(wrong.fill_null(value=False).alias("fault"))["fault"]
    if not marked.any():
        return frame
    for place in frame.filter(marked)[PLACE]:
        problems.add(place, "its keypoints are not triples of numbers; they are left out")
    return frame.with_columns(
        pl.when(marked).then(None).otherwise(pl.col("keypoints")).alias("keypoints")
    )


def _fill_boxes(frame: pl.DataFrame) -> pl.DataFrame:
    """Give objects of polygons, or of keypoints alone, the box around them."""
    needed = pl.col("x0").is_null() & pl.col("kind").is_in(LOCATED)
    if frame.filter(needed).is_empty():
        return frame
    flat = pl.col("polygons").list.eval(pl.element().explode()).list
    corners = {"polygon": (flat.gather_every(2), flat.gather_every(2, 1))}
    xs, ys = corners["polygon"]
    bounds = (xs.list.min(), ys.list.min(), xs.list.max(), ys.list.max())
    frame = frame.with_columns(
        pl.when(needed).then(bound).otherwise(pl.col(name)).alias(name)
        for name, bound in zip(BOX, bounds, strict=True)
    )
    return frame.with_columns(_box_of_keypoints(frame)) if _lacks(frame) else frame


def _lacks(frame: pl.DataFrame) -> bool:
    return bool((frame["x0"].is_null() & frame["keypoints"].is_not_null()).any())


def _box_of_keypoints(frame: pl.DataFrame) -> list[pl.Series]:
    boxes = []
    for points, *box in frame.select("keypoints", *BOX).iter_rows():
        seen = [] if points is None else _seen(points)
        around = len(seen) and box[0] is None
        boxes.append([*np.min(seen, 0), *np.max(seen, 0)] if around else box)
    return [
        pl.Series(name, [box[place] for box in boxes], dtype=pl.Float64)
        for place, name in enumerate(BOX)
    ]


def _seen(points: list[float]) -> list[tuple[float, float]]:
    triples = zip(points[0::3], points[1::3], points[2::3], strict=True)
    return [(x, y) for x, y, visible in triples if visible > 0]


def _check_boxes(frame: pl.DataFrame, problems: Problems) -> pl.DataFrame:
    x0, y0, x1, y1 = (pl.col(name) for name in BOX)
    number = pl.all_horizontal(pl.col(name).is_finite() for name in BOX)
    frame = _report_and_drop(
        frame,
        x0.is_not_null() & ~number,
        problems,
        lambda _: "a coordinate of its box is no number; it is left out",
    )
    thin = (x1 <= x0) | (y1 <= y0)
    frame = _report_and_drop(
        frame,
        thin & pl.col("mask").is_null() & pl.col("keypoints").is_null(),
        problems,
        lambda row: f"its box {_shown(row)} is empty; it is left out",
    )
    width, height = pl.col(WIDTH), pl.col(HEIGHT)
    upright = pl.col("rotation").fill_null(0) == 0
    away = (x0 >= width) | (y0 >= height) | (x1 <= 0) | (y1 <= 0)
    frame = _report_and_drop(
        frame,
        away & upright,
        problems,
        lambda row: f"its box {_shown(row)} lies outside its image; it is left out",
    )
    return _cut_boxes(frame, upright, problems)


def _cut_boxes(frame: pl.DataFrame, upright: pl.Expr, problems: Problems) -> pl.DataFrame:
    x0, y0, x1, y1 = (pl.col(name) for name in BOX)
    width, height = pl.col(WIDTH), pl.col(HEIGHT)
    out = (x0 < -SLACK) | (y0 < -SLACK) | (x1 > width + SLACK) | (y1 > height + SLACK)
    marked = frame.select((out & upright).fill_null(value=False).alias("fault"))["fault"]
    if not marked.any():
        return frame
    for row in frame.filter(marked).iter_rows(named=True):
        message = f"its box {_shown(row)} reaches out of its image of {_size(row)}; it is cut to it"
        problems.add(row[PLACE], message)
    cut = {"x0": x0.clip(0), "y0": y0.clip(0), "x1": pl.min_horizontal(x1, width)}
    cut["y1"] = pl.min_horizontal(y1, height)
    return frame.with_columns(
        pl.when(marked).then(value).otherwise(pl.col(name)).alias(name)
        for name, value in cut.items()
    )


def _shown(row: dict[str, object]) -> str:
    return "(" + ", ".join(f"{row[name]:.6g}" for name in BOX) + ")"


def _size(row: dict[str, object]) -> str:
    return f"{row[WIDTH]:.0f} x {row[HEIGHT]:.0f}"
