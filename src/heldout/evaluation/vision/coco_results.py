"""COCO results: a JSON list of detections, or a Parquet table with its keys as columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from heldout.datasets.tables.parquet import refuse_bomb
from heldout.datasets.tasks import Family
from heldout.decoding import convert
from heldout.errors import BadInput, Problem, Problems, did_you_mean
from heldout.evaluation.data import AnyArray, Flags, Floats, Places
from heldout.evaluation.vision.coco_format import Result, Segmentation
from heldout.evaluation.vision.coco_masks import check_masks, read_masks
from heldout.evaluation.vision.json_entries import check_file, decode_piece, read_pieces
from heldout.evaluation.vision.masks import Masks, concatenate
from heldout.evaluation.vision.objects import (
    Detections,
    Layout,
    ObjectPredictions,
    box_areas,
    is_box,
    say_box,
)

PARQUET_ROWS = 1 << 19
DENSE = 256  # Ids spread over no more than so many times their number are looked up in a table.
NO_BOX = (float("nan"),) * 4
COLUMNS = {Family.BOXES: "bbox", Family.MASKS: "segmentation", Family.POSES: "keypoints"}


class Piece(NamedTuple):
    """Some rows of a file, as it has them.

    Attributes:
        place: Names a row.
        image_ids: (n,)
        category_ids: (n,)
        score: (n,)
        boxes: (n, 4), NaN where a row has none.
        segmentations: One per row, or empty.
        keypoints: One list per row, or empty.
        masks: The segmentations where they are read already, with the sizes they say they have.
    """

    place: Callable[[int], str]
    image_ids: AnyArray
    category_ids: AnyArray
    score: Floats
    boxes: Floats
    segmentations: Sequence[Segmentation | None] = ()
    keypoints: Sequence[Sequence[float] | None] = ()
    masks: Masks | None = None


class _Faults(NamedTuple):
    """Faults of one piece."""

    piece: Piece
    problems: Problems

    def at(self, wrong: Flags, describe: Callable[[int], tuple[str, str]]) -> None:
        """Add a problem for every row that is wrong."""
        for row in map(int, np.flatnonzero(wrong)):
            self.problems.add(self.piece.place(row), *describe(row))


def read_results(path: Path, *, family: Family, layout: Layout) -> ObjectPredictions:
    """Read detections, some thousand at a time, so that memory holds little more than their columns.

    An image without a detection is no fault. The area of a detection is that of its box where the
    first entry has one, else that of its mask or of the extent of its keypoints, as in the COCO
    tools.

    Raises:
        BadInput: With every problem.
    """
    problems = Problems()
    pieces = _parquet if path.suffix.lower() == ".parquet" else _json
    with_boxes: bool | None = None
    parts = []
    for piece in pieces(path, family, problems):
        if with_boxes is None and len(piece.score):
            with_boxes = not np.isnan(piece.boxes[0]).any()
        parts.append(_check(piece, family, layout, bool(with_boxes), problems))
    problems.refuse_if_any()
    images = len(layout.image_ids)
    return ObjectPredictions(
        layout.example_ids,
        np.zeros(images, np.bool_),
        Places(np.zeros(images, np.int64), lambda _: path.name),
        detections=_join(parts, family),
    )


def _json(path: Path, family: Family, problems: Problems) -> Iterator[Piece]:
    first = 1
    for data in read_pieces(path):
        piece = scan(data, first, family) if family is not Family.POSES else None
        if piece is not None:
            yield piece
            first += len(piece.score)
            continue
        entries = decode_piece(data, Result, first, problems, path.name)
        yield _piece(entries.rows, entries.place, family)
        first += entries.length


def scan(data: bytes, first: int, family: Family) -> Piece | None:
    """Read boxes or masks in their plain form, at several times the pace; None if it is another."""
    from heldout.evaluation.vision.kernels import results_text as kernels

    most, masked = data.count(b"{"), family is Family.MASKS
    image_ids, category_ids = np.empty(most, np.int64), np.empty(most, np.int64)
    score, boxes = np.empty(most), np.full((most, 4), np.nan)
    text = np.frombuffer(data + b"\0", np.uint8)
    sizes = np.empty((most if masked else 0, 2), np.int64)
    runs, ends = np.empty(len(text) if masked else 0, np.uint32), np.empty(len(sizes), np.int64)
    wanted = kernels.MASK_KEYS if masked else kernels.BOX_KEYS
    rows = kernels.scan_results(
        text, wanted, image_ids, category_ids, score, boxes, sizes, runs, ends
    )
    if rows < 0:
        return None
    masks = None
    if masked:
        ends = ends[:rows].copy()
        starts = np.append(0, ends)[:rows]
        masks = Masks(runs[: ends[-1] if rows else 0].copy(), starts, ends, sizes[:rows].copy())
    return Piece(
        lambda row: f"entry {first + row}",
        image_ids[:rows],
        category_ids[:rows],
        score[:rows],
        boxes[:rows],
        masks=masks,
    )


def _piece(rows: list[Result], place: Callable[[int], str], family: Family) -> Piece:
    n = len(rows)
    image_ids = np.fromiter(map(attrgetter("image_id"), rows), np.int64, n)
    category_ids = np.fromiter(map(attrgetter("category_id"), rows), np.int64, n)
    score = np.fromiter(map(attrgetter("score"), rows), np.float64, n)
    boxes = (box or NO_BOX for box in map(attrgetter("bbox"), rows))
    flat = np.fromiter(chain.from_iterable(boxes), np.float64, 4 * n)
    piece = Piece(place, image_ids, category_ids, score, flat.reshape(n, 4))
    if family is Family.MASKS:
        return piece._replace(segmentations=[row.segmentation for row in rows])
    if family is Family.POSES:
        return piece._replace(keypoints=[row.keypoints for row in rows])
    return piece


def _parquet(path: Path, family: Family, problems: Problems) -> Iterator[Piece]:
    check_file(path)
    column = COLUMNS[family]
    wanted = ["image_id", "category_id", "score", *dict.fromkeys(["bbox", column])]
    refuse_bomb(path)
    with _refusing(path), pq.ParquetFile(path) as file:
        columns = file.schema_arrow.names
        absent = [name for name in wanted if name not in columns and name in (*wanted[:3], column)]
        for name in absent:
            remedy = did_you_mean(name, columns) or f"the columns are {', '.join(columns)}"
            problems.add(path.name, f'there is no column "{name}"', remedy)
        for name in {"image_id", "category_id"} & set(columns):
            if not pa.types.is_integer(file.schema_arrow.field(name).type):
                message = f'the column "{name}" does not hold whole numbers'
                problems.add(path.name, message, "write it as integers")
        problems.refuse_if_any()
        start = 0
        given = [name for name in wanted if name in columns]
        for batch in file.iter_batches(PARQUET_ROWS, columns=given, use_threads=False):
            for name in given:
                if batch[name].null_count:
                    empty = f'the column "{name}" has {batch[name].null_count} empty rows'
                    problems.add(path.name, empty, "fill them, or leave the rows out")
            problems.refuse_if_any()
            frame = pl.from_arrow(batch)
            assert isinstance(frame, pl.DataFrame)
            yield _frame_piece(frame, start, family, path.name)
            start += len(frame)


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, pl.exceptions.PolarsError):
        message = "not a readable Parquet file; it may be cut short"
        raise BadInput([Problem(path.name, message, "write and upload it again")]) from None


def _frame_piece(frame: pl.DataFrame, start: int, family: Family, name: str) -> Piece:
    def place(row: int) -> str:
        return f"row {start + row + 1}"

    try:
        piece = Piece(
            place,
            frame["image_id"].to_numpy(),
            frame["category_id"].to_numpy(),
            frame["score"].cast(pl.Float64).to_numpy(),
            _list_boxes(frame),
        )
        if family is Family.MASKS:
            masks = convert(frame["segmentation"].to_list(), list[Segmentation])
            return piece._replace(segmentations=masks)
    except (msgspec.ValidationError, pl.exceptions.PolarsError, ValueError) as error:
        message = f"rows {start + 1} to {start + len(frame)} do not fit: {error}"
        raise BadInput([Problem(name, message, "give the columns of COCO results")]) from None
    if family is Family.POSES:
        return piece._replace(keypoints=frame["keypoints"].to_list())
    return piece


def _list_boxes(frame: pl.DataFrame) -> Floats:
    if "bbox" not in frame.columns:
        return np.full((len(frame), 4), np.nan)
    series = frame["bbox"]
    if isinstance(series.dtype, pl.Array):
        series = series.arr.to_list()
    lengths = series.list.len().to_numpy()
    if (lengths != 4).any():
        raise ValueError(f"a bbox of {lengths[lengths != 4][0]} numbers; a box has four")
    return series.explode().cast(pl.Float64).to_numpy().reshape(-1, 4)


def _check(
    piece: Piece, family: Family, layout: Layout, with_boxes: bool, problems: Problems
) -> Detections:
    """Look every row up and measure it; what is wrong goes to the problems."""
    faults = _Faults(piece, problems)
    image = look_up(piece.image_ids, layout.image_ids)
    category = look_up(piece.category_ids, layout.category_ids)
    faults.at(image < 0, lambda row: (
        f"image_id {piece.image_ids[row]} is not the id of an image",
        "take the ids from the list of images"))  # fmt: skip
    faults.at(category < 0, lambda row: (
        f"category_id {piece.category_ids[row]} is not the id of a category",
        layout.say_categories()))  # fmt: skip
    faults.at(~np.isfinite(piece.score), lambda row: (
        f"score {piece.score[row]} is not a finite number", "say how sure you are"))  # fmt: skip
    image, category = np.maximum(image, 0), np.maximum(category, 0)
    masks = _masks(piece, layout.sizes[image], faults) if family is Family.MASKS else None
    keypoints = None
    if family is Family.POSES:
        keypoints = _read_keypoints(piece, layout.keypoints, problems)
    boxes, area = _measure(piece, masks, keypoints, faults, with_boxes)
    return Detections(
        image=image, category=category, area=area, boxes=boxes, masks=masks, keypoints=keypoints,
        score=piece.score,
    )  # fmt: skip


def _masks(piece: Piece, sizes: AnyArray, faults: _Faults) -> Masks:
    if piece.masks is not None:
        every = np.ones(len(sizes), np.bool_)
        return check_masks(piece.masks, every, sizes, faults.problems, piece.place)
    absent = np.array([one is None for one in piece.segmentations], np.bool_)
    faults.at(absent, lambda _: ("no segmentation", "give its run lengths"))
    return read_masks(piece.segmentations, sizes, faults.problems, piece.place)


def _measure(
    piece: Piece, masks: Masks | None, keypoints: Floats | None, faults: _Faults, with_boxes: bool
) -> tuple[Floats, Floats]:
    """Return boxes and areas."""
    if with_boxes or (masks is None and keypoints is None):
        boxes = piece.boxes
        faults.at(~is_box(boxes), lambda row: say_box(boxes[row]))
    elif masks is not None:
        return masks.boxes(), masks.measure()[1].astype(np.float64)
    else:
        assert keypoints is not None
        low, high = keypoints[:, :, :2].min(axis=1), keypoints[:, :, :2].max(axis=1)
        boxes = np.hstack([low, high - low])
    return boxes, box_areas(boxes)


def look_up(ids: AnyArray, known: AnyArray) -> AnyArray:
    """Return the position of each id in the sorted known ones; -1 where it is not there."""
    if len(known) and ids.dtype == known.dtype == np.int64:
        span = int(known[-1]) - int(known[0]) + 1
        if span <= DENSE * len(known):
            return _look_up_in_table(ids, known, span)
    at = np.searchsorted(known, ids)
    at = np.minimum(at, max(len(known) - 1, 0))
    found = known[at] == ids if len(known) else np.zeros(len(ids), np.bool_)
    return np.where(found, at, -1).astype(np.int32)


def _look_up_in_table(ids: AnyArray, known: AnyArray, span: int) -> AnyArray:
    """Do the same for ids that lie close together, without a search."""
    table = np.full(span, -1, np.int32)
    table[known - known[0]] = np.arange(len(known))
    if not len(ids) or (ids.min() >= known[0] and ids.max() <= known[-1]):
        return np.asarray(table[ids - known[0]])
    inside = (ids >= known[0]) & (ids <= known[-1])
    found = table[np.where(inside, ids, known[0]) - known[0]]
    return np.where(inside, found, np.int32(-1))


def _read_keypoints(piece: Piece, kinds: int, problems: Problems) -> Floats:
    flat = np.zeros((len(piece.keypoints), kinds * 3))
    for row, one in enumerate(piece.keypoints):
        given = 0 if one is None else len(one)
        if one is None or given != kinds * 3:
            message = f"{given} numbers of keypoints where there should be {kinds * 3}"
            problems.add(piece.place(row), message, "give x, y, v of each keypoint")
        elif not np.isfinite(one).all():
            problems.add(piece.place(row), "a keypoint is not finite", "give numbers")
        else:
            flat[row] = one
    return flat.reshape(-1, kinds, 3)


def _join(parts: list[Detections], family: Family) -> Detections:
    if len(parts) == 1:
        return parts[0]

    def column(name: str, empty: AnyArray) -> AnyArray:
        return np.concatenate([empty, *(getattr(part, name) for part in parts)])

    masks = [part.masks for part in parts if part.masks is not None]
    keypoints = [part.keypoints for part in parts if part.keypoints is not None]
    return Detections(
        image=column("image", np.zeros(0, np.int32)),
        category=column("category", np.zeros(0, np.int32)),
        area=column("area", np.zeros(0)),
        boxes=column("boxes", np.zeros((0, 4))),
        score=column("score", np.zeros(0)),
        masks=concatenate(masks) if family is Family.MASKS else None,
        keypoints=np.concatenate(keypoints) if keypoints else None,
    )
