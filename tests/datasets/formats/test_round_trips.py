"""Any geometry comes back from any format that holds it."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from heldout.datasets.annotations import Category, DataSet, Kind, annotation_frame, run_lengths
from heldout.datasets.formats import FORMATS, read_dataset, write_dataset
from heldout.datasets.formats.format import Trait
from heldout.datasets.formats.shapes import area, corner_of, fill, from_corner, trace

WIDTH, HEIGHT = 640, 427  # Neither divides 100.


def holding(trait: Trait) -> list[str]:
    return [one.id for one in FORMATS.values() if trait in one.holds]


numbers = st.floats(0, 1, allow_subnormal=False)
boxes = st.tuples(numbers, numbers, numbers, numbers).map(
    lambda shares: (
        shares[0] * (WIDTH - 1),
        shares[1] * (HEIGHT - 1),
        shares[0] * (WIDTH - 1) + 0.01 + shares[2] * (1 - shares[0]) * (WIDTH - 1),
        shares[1] * (HEIGHT - 1) + 0.01 + shares[3] * (1 - shares[1]) * (HEIGHT - 1),
    )
)
points = st.tuples(numbers, numbers).map(lambda share: [share[0] * WIDTH, share[1] * HEIGHT])
polygons = st.lists(points, min_size=3, max_size=9).map(
    lambda corners: [value for corner in corners for value in corner]
)


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photo") / "photo.png"
    Image.new("1", (WIDTH, HEIGHT)).save(path)
    return path


def through(format_id: str, photo: Path, **columns: list[Any]) -> pl.DataFrame:
    """Write one example with these annotations, and read them again."""
    rows = len(next(iter(columns.values())))
    size = {"width": [WIDTH], "height": [HEIGHT]}
    given_rows = {"example_id": ["1"] * rows, "kind": [Kind.OBJECT] * rows}
    dataset = DataSet(
        examples=pl.DataFrame({"example_id": ["1"], "image": [photo.name], **size}),
        annotations=annotation_frame(given_rows | {"category": ["cat"] * rows} | columns),
        categories=(Category("cat"),),
        root=photo.parent,
    )
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name) / "scratch"
        scratch.mkdir()
        write_dataset(dataset, Path(name) / "out", format_id=format_id)
        return read_dataset(Path(name) / "out", scratch=scratch).annotations


@pytest.mark.parametrize("format_id", holding(Trait.BOXES))
@settings(max_examples=4)
@given(found=st.lists(boxes, min_size=1, max_size=8))
def test_boxes_come_back(format_id: str, photo: Path, found: list[tuple[float, ...]]) -> None:
    corners = {name: [box[at] for box in found] for at, name in enumerate(("x0", "y0", "x1", "y1"))}
    again = through(format_id, photo, **corners)
    for name, values in corners.items():
        assert again[name].to_list() == pytest.approx(values, abs=1e-6)


@pytest.mark.parametrize("format_id", holding(Trait.POLYGONS))
@settings(max_examples=4)
@given(polygon=polygons.filter(lambda one: area(one) > 1))
def test_polygons_come_back(format_id: str, photo: Path, polygon: list[float]) -> None:
    xs, ys = polygon[0::2], polygon[1::2]
    box = {"x0": [min(xs)], "y0": [min(ys)], "x1": [max(xs)], "y1": [max(ys)]}
    again = through(format_id, photo, polygons=[[polygon]], **box)
    assert again["polygons"].to_list()[0][0] == pytest.approx(polygon, abs=1e-6)


@pytest.mark.parametrize("format_id", holding(Trait.ROTATION))
@settings(max_examples=4)
@given(box=boxes, turn=st.floats(0.5, 359))
def test_turned_boxes_come_back(
    format_id: str, photo: Path, box: tuple[float, ...], turn: float
) -> None:
    columns = {name: [value] for name, value in zip(("x0", "y0", "x1", "y1"), box, strict=True)}
    again = through(format_id, photo, rotation=[turn], **columns)
    assert again.select("x0", "y0", "x1", "y1").row(0) == pytest.approx(box, abs=1e-6)
    assert again["rotation"].to_list() == pytest.approx([turn])


@given(box=boxes, turn=st.floats(-360, 360))
def test_the_two_ways_to_turn_a_box_undo_each_other(box: tuple[float, ...], turn: float) -> None:
    row = dict(zip(("x0", "y0", "x1", "y1"), box, strict=True)) | {"rotation": turn}
    x, y = corner_of(row)
    again = from_corner(x, y, box[2] - box[0], box[3] - box[1], turn)
    assert again == pytest.approx(box, abs=1e-6)


masks = st.lists(st.lists(st.booleans(), min_size=6, max_size=6), min_size=5, max_size=5)


@given(masks)
def test_outlines_enclose_their_mask(rows: list[list[bool]]) -> None:
    """Even-odd filling of all outlines, on a grid four times as fine, against the pixels."""
    mask = np.array(rows)
    outlines = trace(mask)
    total = sum(area(one) for one in outlines)
    holes = _holes(mask)
    assert total == mask.sum() + holes
    for one in outlines:
        assert all(value == int(value) for value in one)


def _holes(mask: Any) -> int:
    """Unset pixels that no way of side steps and corners leads out of, counted by flooding."""
    open_ground = np.pad(~mask, 1, constant_values=True)
    reached = np.zeros_like(open_ground)
    reached[0, 0] = True
    while True:
        wider = reached.copy()
        for rows in (-1, 0, 1):
            for columns in (-1, 0, 1):
                wider |= np.roll(reached, (rows, columns), (0, 1))
        wider &= open_ground
        if (wider == reached).all():
            return int((open_ground & ~reached).sum())
        reached = wider


def test_a_filled_outline_is_its_mask() -> None:
    mask = np.zeros((30, 40), bool)
    mask[5:20, 8:30] = True
    mask[10:25, 20:35] = True
    filled = fill(trace(mask), 30, 40)
    assert (filled == mask).all()


def test_a_mask_becomes_the_polygon_around_it(photo: Path) -> None:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[10:20, 30:50] = True
    text = run_lengths.text_of(run_lengths.counts_of_pixels(mask))
    box = {"x0": [30], "y0": [10], "x1": [50], "y1": [20]}
    again = through("yolo", photo, mask=[text], mask_height=[HEIGHT], mask_width=[WIDTH], **box)
    polygon = again["polygons"].to_list()[0][0]
    assert polygon == pytest.approx([30, 10, 50, 10, 50, 20, 30, 20])
