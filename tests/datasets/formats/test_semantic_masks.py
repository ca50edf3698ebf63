"""Semantic masks, written with Pillow and read, against the pixels themselves."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from heldout.datasets.annotations import Category, DataSet, run_lengths
from heldout.datasets.formats import losses, read_dataset, recognise, write_dataset
from heldout.datasets.formats.format import Trait
from heldout.errors import Problems

CLASSES = "number,name,colour\n0,ground,\n7,road,#804080\n300,sky,\n"


@pytest.fixture
def pixels():
    numbers = np.zeros((12, 16), np.uint8)
    numbers[3:9, 2:10] = 7
    numbers[10:, 12:] = 255
    return numbers


@pytest.fixture
def folder(tmp_path, pixels):
    """One image with its mask, in `images` and `masks`."""
    root = tmp_path / "source"
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True)
    Image.new("RGB", (16, 12), "red").save(root / "images/a.jpg")
    Image.fromarray(pixels).save(root / "masks/a.png")
    return root


def reading(path: Path) -> tuple[DataSet, list[str]]:
    problems = Problems()
    return read_dataset(path, problems=problems), [str(one) for one in problems]


def masks(dataset: DataSet) -> dict[str, np.ndarray]:
    """The mask of each class of one example."""
    return {
        row["category"]: run_lengths.pixels_of(
            run_lengths.counts_of(row["mask"]), row["mask_height"], row["mask_width"]
        )
        for row in dataset.annotations.iter_rows(named=True)
    }


def test_each_number_becomes_a_segment_and_255_none(folder, pixels):
    (folder / "classes.csv").write_text(CLASSES)
    assert recognise(folder).id == "semantic-masks"
    found, told = reading(folder)
    assert told == []
    assert [one.name for one in found.categories] == ["ground", "road", "sky"]
    assert found.categories[1] == Category("road", number=7, colour=(128, 64, 128))
    drawn = masks(found)
    assert drawn.keys() == {"ground", "road"}
    np.testing.assert_array_equal(drawn["road"], pixels == 7)
    np.testing.assert_array_equal(drawn["ground"], pixels == 0)
    row = found.annotations.filter(category="road").row(0, named=True)
    assert [row[name] for name in ("x0", "y0", "x1", "y1", "area")] == [2, 3, 10, 9, 48]


def test_a_palette_holds_numbers_and_gives_colours(folder, pixels):
    image = Image.fromarray(pixels)
    image.putpalette([part for number in range(256) for part in (number, 0, 255 - number)])
    image.save(folder / "masks/a.png")
    found, told = reading(folder)
    assert told == []
    assert found.categories == (
        Category("0", number=0, colour=(0, 0, 255)),
        Category("7", number=7, colour=(7, 0, 248)),
    )
    np.testing.assert_array_equal(masks(found)["7"], pixels == 7)


def test_sixteen_bits_come_back(folder, tmp_path):
    deep = np.full((12, 16), 65535, np.uint16)
    deep[:4] = 300
    deep[4:8] = 7
    Image.fromarray(deep).save(folder / "masks/a.png")
    (folder / "classes.csv").write_text(CLASSES)
    found, told = reading(folder)
    assert told == []
    np.testing.assert_array_equal(masks(found)["sky"], deep == 300)
    write_dataset(found, tmp_path / "out", format_id="semantic-masks")
    (path,) = (tmp_path / "out/masks").iterdir()
    with Image.open(path) as image:
        assert image.mode == "I;16"
        np.testing.assert_array_equal(np.asarray(image), deep)
    again = read_dataset(tmp_path / "out")
    assert again.categories == found.categories
    np.testing.assert_array_equal(masks(again)["road"], deep == 7)


def test_splits_and_a_palette_are_written(folder, tmp_path, pixels):
    for name in ("images", "masks"):
        (folder / name / "train").mkdir()
        (file,) = (folder / name).glob("a.*")
        file.rename(folder / name / "train" / file.name)
    (folder / "classes.csv").write_text(CLASSES.replace("300,sky,\n", ""))
    found = read_dataset(folder)
    assert found.splits == ("train",)
    write_dataset(found, tmp_path / "out", format_id="semantic-masks")
    (path,) = (tmp_path / "out/masks/train").iterdir()
    with Image.open(path) as image:
        assert image.mode == "P"
        assert image.getpalette()[21:24] == [128, 64, 128]
        np.testing.assert_array_equal(np.asarray(image), pixels)


def test_classes_may_be_one_per_line_and_folders_called_otherwise(folder, pixels):
    (folder / "images").rename(folder / "JPEGImages")
    (folder / "masks").rename(folder / "SegmentationClass")
    (folder / "classes.txt").write_text("a\nb\n\nc\n\n\n\nroad\n")
    found, told = reading(folder)
    assert told == []
    assert masks(found).keys() == {"a", "road"}


def test_all_that_is_at_fault_comes_in_one_report(folder, pixels):
    (folder / "classes.csv").write_text(CLASSES + "x,nothing,\n7,again,\n")
    strange = pixels.copy()
    strange[0, :3] = 9
    Image.fromarray(strange).save(folder / "masks/a.png")
    for name in "bcd":
        Image.new("RGB", (16, 12)).save(folder / f"images/{name}.png")
    Image.new("RGB", (16, 12)).save(folder / "masks/b.png")
    (folder / "masks/c.png").write_bytes((folder / "masks/a.png").read_bytes()[:50])
    Image.fromarray(pixels).save(folder / "masks/e.png")
    found, told = reading(folder)
    assert told == [
        "classes.csv line 5: names no number from 0 to 65535, or no class",
        "classes.csv line 6: the number 7 was there before",
        "masks/e.png: has no image of this name; it is left out",
        "masks/a.png: 3 pixels have the number 9, which is no class; they are left out",
        "masks/b.png: has 3 numbers per pixel; the example stays without a mask; "
        "save one number per pixel: grey, or with a palette",
        "masks/c.png: is damaged or too large; the example stays without a mask",
        "images/d.png: has no mask; it stays without one",
    ]
    assert sorted(found.examples["example_id"]) == ["a", "b", "c", "d"]


def test_a_mask_of_another_size_is_told_and_left_out(folder, pixels):
    Image.fromarray(pixels[:6]).save(folder / "masks/a.png")
    found, told = reading(folder)
    assert "a mask of 16 x 6 for an image of 16 x 12" in told[0]
    assert found.annotations["mask"].null_count() == found.annotations.height


def test_two_segments_of_a_class_become_one_and_the_loss_is_told(make):
    dataset = make({Trait.SEGMENTS, Trait.CROWDS})
    joined = dataset.annotations.with_columns(example_id=pl.lit("a"))
    told = losses(DataSet(dataset.examples, joined, dataset.categories), "semantic-masks")
    assert {loss.trait: loss.times for loss in told}[Trait.SEVERAL_SEGMENTS] == 1
