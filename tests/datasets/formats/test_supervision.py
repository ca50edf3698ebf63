"""What supervision 0.31.2 writes of boxes we chose, and what our own readers and writers make of it.

It brings 457 MB (scipy, matplotlib, a video decoder), too much to be installed for this. The texts below are
what its `as_pascal_voc` and `as_yolo` wrote of the COCO file in `BOXES`.
"""

import json
import re
from pathlib import Path

import pytest
from PIL import Image

from heldout.datasets.annotations import DataSet
from heldout.datasets.formats import read_dataset, write_dataset

SIZES = {"a": (64, 48), "b": (50, 70)}
# Image, class, left, top, width, height.
BOXES = [
    ("a", "cat", 4, 6, 20, 30),
    ("a", "traffic light", 30, 10, 12, 8),
    ("b", "traffic light", 5, 5, 40, 60),
]
_SIZE = "<size><width>{}</width><height>{}</height><depth>3</depth></size><segmented>0</segmented>"
_HEAD = "<annotation><folder>VOC</folder><filename>{}.png</filename><source><database>roboflow.ai</database></source>"
_BOX = "<object><name>{}</name><bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox></object>"
VOC = {
    "a": _HEAD.format("a")
    + _SIZE.format(64, 48)
    + _BOX.format("cat", 5, 7, 24, 36)
    + _BOX.format("traffic light", 31, 11, 42, 18)
    + "</annotation>",
    "b": _HEAD.format("b")
    + _SIZE.format(50, 70)
    + _BOX.format("traffic light", 6, 6, 45, 65)
    + "</annotation>",
}
YOLO = {
    "a": "0 0.21875 0.43750 0.31250 0.62500\n1 0.56250 0.29167 0.18750 0.16667",
    "b": "1 0.50000 0.50000 0.80000 0.85714",
}
DIGITS = 5e-6 * 70 * 2  # It writes five digits of a share of at most 70 pixels.


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, size in SIZES.items():
        place = tmp_path / "images" / f"{name}.png"
        place.parent.mkdir(exist_ok=True)
        Image.new("RGB", size).save(place)
    return tmp_path


@pytest.fixture
def ours(folder: Path) -> DataSet:
    """The same boxes, read from COCO."""
    names = ("cat", "traffic light")
    images = [
        {"id": place, "file_name": f"{name}.png", "width": width, "height": height}
        for place, (name, (width, height)) in enumerate(SIZES.items(), 1)
    ]
    boxes = [
        {
            "id": place,
            "image_id": 1 + list(SIZES).index(image),
            "category_id": 1 + names.index(name),
            "bbox": box,
            "area": box[2] * box[3],
            "iscrowd": 0,
        }
        for place, (image, name, *box) in enumerate(BOXES, 1)
    ]
    categories = [{"id": place, "name": name} for place, name in enumerate(names, 1)]
    content = {"images": images, "annotations": boxes, "categories": categories}
    (folder / "coco.json").write_text(json.dumps(content))
    return read_dataset(folder / "coco.json", images=folder / "images")


def told(dataset: DataSet) -> list[tuple[str, tuple[float, ...]]]:
    """Class and corners of every box, in one order."""
    rows = dataset.annotations.select("category", "x0", "y0", "x1", "y1").iter_rows()
    return sorted((name, tuple(corners)) for name, *corners in rows)


def expected() -> list[tuple[str, tuple[float, ...]]]:
    return sorted(
        (name, (float(left), float(top), float(left + width), float(top + height)))
        for _, name, left, top, width, height in BOXES
    )


def is_close(found: list[tuple[str, tuple[float, ...]]]) -> bool:
    wanted = expected()
    return [name for name, _ in found] == [name for name, _ in wanted] and all(
        corners == pytest.approx(others, abs=DIGITS)
        for (_, corners), (_, others) in zip(found, wanted, strict=True)
    )


def test_its_pascal_voc_is_read_as_the_boxes_it_was_made_of(folder: Path) -> None:
    root = folder / "voc"
    (root / "Annotations").mkdir(parents=True)
    (folder / "images").rename(root / "JPEGImages")
    for name, text in VOC.items():
        (root / "Annotations" / f"{name}.xml").write_text(text)
    assert told(read_dataset(root)) == expected()


def test_its_yolo_is_read_as_the_boxes_it_was_made_of(folder: Path) -> None:
    root = folder / "yolo"
    (root / "labels").mkdir(parents=True)
    (folder / "images").rename(root / "images")
    (root / "data.yaml").write_text("nc: 2\nnames: [cat, traffic light]\n")
    for name, text in YOLO.items():
        (root / "labels" / f"{name}.txt").write_text(text)
    assert is_close(told(read_dataset(root, format_id="yolo")))


def test_we_write_the_corners_it_writes(ours: DataSet, tmp_path: Path) -> None:
    write_dataset(ours, tmp_path / "out", format_id="voc")
    written = "".join(path.read_text() for path in sorted((tmp_path / "out").rglob("*.xml")))
    corner = r"<{0}>\s*(\d+)(?:\.0+)?\s*</{0}>"
    for name in ("xmin", "ymin", "xmax", "ymax"):
        theirs = re.findall(corner.format(name), "".join(VOC.values()))
        assert sorted(re.findall(corner.format(name), written)) == sorted(theirs)


def test_we_write_the_shares_it_writes(ours: DataSet, tmp_path: Path) -> None:
    write_dataset(ours, tmp_path / "out", format_id="yolo")
    files = [path for path in (tmp_path / "out").rglob("*.txt") if path.parent.name != "out"]
    lines = sorted(line.split() for path in files for line in path.read_text().splitlines())
    theirs = sorted(line.split() for text in YOLO.values() for line in text.splitlines())
    assert [line[0] for line in lines] == [line[0] for line in theirs]
    for mine, other in zip(lines, theirs, strict=True):
        assert [*map(float, mine)] == pytest.approx([*map(float, other)], abs=1e-5)
