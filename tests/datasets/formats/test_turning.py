"""Compared with Pillow, which turns the pixels themselves."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from heldout.datasets.annotations import run_lengths
from heldout.datasets.formats import read_dataset
from heldout.errors import Problems

SHAPE = (6, 8)  # Rows and columns as stored.


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_annotations_turn_with_their_image(orientation: int, tmp_path: Path) -> None:
    mask = np.zeros(SHAPE, bool)
    mask[1:3, 2:7] = True
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(mask.astype(np.uint8) * 255).save(tmp_path / "a.png", exif=exif)
    text = run_lengths.text_of(run_lengths.counts_of_pixels(mask))
    common = {"image_id": 1, "category_id": 1, "bbox": [2, 1, 5, 2]}
    document = {
        "images": [{"id": 1, "file_name": "a.png", "width": 8, "height": 6}],
        "categories": [{"id": 1, "name": "bar"}],
        "annotations": [
            common | {"id": 1, "segmentation": {"size": list(SHAPE), "counts": text}},
            common | {"id": 2, "segmentation": [[2, 1, 7, 1, 7, 3, 2, 3]]},
            common | {"id": 3, "keypoints": [2.5, 1.5, 2, 0, 0, 0]},
        ],
    }
    (tmp_path / "c.json").write_text(json.dumps(document))
    problems = Problems()
    found = read_dataset(tmp_path / "c.json", problems=problems)
    with Image.open(tmp_path / "a.png") as image:
        shown = np.asarray(ImageOps.exif_transpose(image)) > 0
    assert len(problems) == 1
    assert found.examples.select("width", "height").row(0) == (6, 8)
    rows, columns = np.nonzero(shown)
    extent = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    for row in found.annotations.iter_rows(named=True):
        assert (row["x0"], row["y0"], row["x1"], row["y1"]) == extent
    turned = run_lengths.pixels_of(run_lengths.counts_of(found.annotations["mask"][0]), 8, 6)
    assert (turned == shown).all()
    polygon = found.annotations["polygons"][1].to_list()[0]
    corners = (min(polygon[0::2]), min(polygon[1::2]), max(polygon[0::2]), max(polygon[1::2]))
    assert corners == extent
    x, y, _ = found.annotations["keypoints"][2].to_list()[:3]
    assert shown[int(y), int(x)]
