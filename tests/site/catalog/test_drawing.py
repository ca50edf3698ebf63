"""Annotations as SVG, agreement of annotators, thumbnails of every kind of image."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from heldout.datasets.annotations import Category
from heldout.datasets.annotations.run_lengths import counts_of_pixels, text_of
from heldout.datasets.index.marks import Mark
from heldout.datasets.rendering import Window
from heldout.site.catalog.drawing import draw, legend, mask_path
from heldout.site.catalog.opinions import opinions_of
from heldout.site.catalog.pixels import look, patch, picture
from heldout.site.catalog.thumbnails import make

RECTANGLE = re.compile(r"M(\d+) (\d+)h(\d+)v(\d+)h-\d+z")


def painted(path, shape):
    """The pixels a path of rectangles covers, each at most once."""
    found = np.zeros(shape, dtype=int)
    for x, y, width, height in (map(int, one) for one in RECTANGLE.findall(path)):
        found[y : y + height, x : x + width] += 1
    return found


@pytest.mark.parametrize("seed", range(5))
def test_a_drawn_mask_covers_exactly_its_pixels(seed):
    mask = np.random.default_rng(seed).random((13, 17)) < (0.1 + 0.2 * seed)
    path = mask_path(text_of(counts_of_pixels(mask)), 13)
    assert (painted(path, mask.shape) == mask).all()


def test_a_full_mask_is_one_rectangle():
    path = mask_path(text_of(counts_of_pixels(np.ones((9, 7), bool))), 9)
    assert path == "M0 0h7v9h-7z"


def test_a_broken_mask_is_not_drawn():
    assert mask_path("~~~", 5) == ""


def test_the_largest_is_drawn_first_and_classes_keep_their_colour():
    small = Mark(kind="object", category="cat", box=(1, 1, 2, 2))
    large = Mark(kind="object", category="dog", box=(0, 0, 9, 9), rotation=30)
    drawn = draw([small, large, small, Mark(kind="caption", text="x")], ())
    assert [one.category for one in drawn] == ["dog", "cat", "cat"]
    assert drawn[0].turned == "rotate(30 4.5 4.5)"
    assert [(one.name, one.times) for one in legend(drawn)] == [("cat", 2), ("dog", 1)]


def test_joints_that_are_not_labelled_are_not_drawn():
    person = Category("person", keypoints=("a", "b", "c"), skeleton=((0, 1), (1, 2)))
    mark = Mark(kind="object", category="person", keypoints=(1, 2, 2, 3, 4, 1, 0, 0, 0))
    (drawn,) = draw([mark], (person,))
    assert drawn.joints == ((1, 2), (3, 4))
    assert drawn.bones == "M1 2L3 4"


def test_agreement_is_the_share_of_pairs_that_said_the_same():
    said = ["red", "Red ", "blue", "red"]
    marks = [Mark(kind="answer", text=one, annotator=f"a{n}") for n, one in enumerate(said)]
    (found,) = opinions_of(marks)
    assert found.agreement == 0.5
    assert [(one.text, one.times) for one in found.opinions] == [("red", 3), ("blue", 1)]
    assert found.opinions[0].annotators == "a0, a1, a3"


def test_one_opinion_has_no_agreement():
    (found,) = opinions_of([Mark(kind="label", category="cat")])
    assert found.agreement is None


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "1", "CMYK", "I;16", "LA"])
def test_every_kind_of_image_has_a_thumbnail_and_numbers(tmp_path, mode):
    suffix = "tif" if mode in ("CMYK",) else "png"
    path = tmp_path / f"image.{suffix}"
    Image.new(mode, (600, 300), 1 if mode in ("1", "P", "I;16") else None).save(path)
    make(path, tmp_path / "small.webp")
    with Image.open(tmp_path / "small.webp") as small:
        assert small.size == (256, 128)
    assert len(patch(path, 10, 10, 8).rows) == 8


def test_deep_greys_are_stretched_for_the_eye_and_told_as_they_are(tmp_path):
    values = np.array([[1000, 2000], [3000, 3000]], dtype=np.uint16)
    Image.fromarray(values).save(tmp_path / "deep.png")
    make(tmp_path / "deep.png", tmp_path / "small.webp")
    with Image.open(tmp_path / "small.webp") as small:
        grey = np.asarray(small.convert("L"))
    assert grey[1, 1] - grey[0, 0] > 200
    found = patch(tmp_path / "deep.png", 0, 0, 4)
    assert [[one.numbers for one in row] for row in found.rows] == [
        [("1000",), ("2000",)],
        [("3000",), ("3000",)],
    ]


def test_a_turned_photograph_is_measured_as_it_is_shown(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20)).save(tmp_path / "turned.jpg", exif=exif)
    assert look(tmp_path / "turned.jpg")[:2] == (20, 40)
    make(tmp_path / "turned.jpg", tmp_path / "small.webp")
    with Image.open(tmp_path / "small.webp") as small:
        assert small.size == (20, 40)


@pytest.fixture
def deep(tmp_path):
    """A picture of 16 bits whose values run from 1,000 to 4,000."""
    values = np.linspace(1000, 4000, 40 * 30).reshape(30, 40).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / "deep.png")
    return tmp_path / "deep.png"


def test_a_deep_picture_says_its_window_and_a_plain_one_has_none(deep, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "plain.png")
    assert look(deep) == (40, 30, Window(2500.5, 3001), False)
    assert look(tmp_path / "plain.png") == (8, 8, None, True)
    (tmp_path / "broken.png").write_bytes(b"\x89PNG")
    assert look(tmp_path / "broken.png") is None


def test_a_window_tells_its_values_apart_and_no_others(deep):
    with Image.open(io.BytesIO(picture(deep, Window(2000, 200)))) as shown:
        greys = np.asarray(shown)
    with Image.open(deep) as image:
        values = np.asarray(image)
    assert (greys[values < 1890] == 0).all()
    assert (greys[values > 2110] == 255).all()
    assert 100 < np.median(greys[abs(values.astype(int) - 2000) < 10]) < 155


def test_a_dicom_file_is_shown_and_its_numbers_are_told(tmp_path):
    """Compared with an independent reader of the file: pydicom's own pixel array."""
    examples = pytest.importorskip("pydicom.data")
    path = Path(examples.get_testdata_file("CT_small.dcm"))
    seen_as = look(path)
    assert (seen_as.width, seen_as.height, seen_as.plain) == (128, 128, False)
    assert seen_as.window is not None
    make(path, tmp_path / "small.webp")
    pydicom = pytest.importorskip("pydicom")
    stored = pydicom.dcmread(path)
    value = stored.pixel_array[20, 30] * stored.RescaleSlope + stored.RescaleIntercept
    found = {(one.x, one.y): one.numbers for row in patch(path, 30, 20, 8).rows for one in row}
    assert float(found[30, 20][0]) == value


def test_a_tiff_is_shown_as_a_picture_browsers_know(tmp_path):
    Image.new("RGB", (12, 9), "red").save(tmp_path / "scan.tif")
    assert look(tmp_path / "scan.tif") == (12, 9, None, False)
    with Image.open(io.BytesIO(picture(tmp_path / "scan.tif", None))) as shown:
        assert (shown.format, shown.getpixel((0, 0))) == ("PNG", (255, 0, 0))
