"""The images and labels are compared with scikit-learn's own arrays."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from heldout.datasets.digits import ink_quartiles, slant_degrees, write_digits
from heldout.datasets.giveaways import find_giveaways
from heldout.datasets.readers import read_examples
from heldout.datasets.table import ExampleTable


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> ExampleTable:
    return write_digits(tmp_path_factory.mktemp("digits"))


def test_every_image_and_label_is_scikit_learns(digits: ExampleTable) -> None:
    theirs = load_digits()
    assert digits.frame["reference"].to_list() == [str(digit) for digit in theirs.target]
    pixels = np.array([np.asarray(Image.open(path)) for path in digits.media_paths()])
    np.testing.assert_array_equal(np.rint(pixels.astype(float) * 16 / 255), theirs.images)


def test_the_bytes_are_the_same_every_time(digits: ExampleTable, tmp_path: Path) -> None:
    again = write_digits(tmp_path)
    assert again.frame.equals(digits.frame)
    for one, other in zip(digits.media_paths(), again.media_paths(), strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_ids_are_unique_and_give_nothing_away(digits: ExampleTable) -> None:
    assert len(set(digits.ids)) == 1797
    assert find_giveaways(digits, public=digits.metadata, new_ids=False) == []


def test_quartiles_of_ink_are_near_a_quarter_each_and_ordered(digits: ExampleTable) -> None:
    ink = load_digits().images.sum(axis=(1, 2))
    names = np.array(digits.frame["ink"].to_list())
    order = ["lightest", "light", "dark", "darkest"]
    for lower, upper in pairwise(order):
        assert ink[names == lower].max() < ink[names == upper].min()
    assert all(abs((names == name).mean() - 0.25) < 0.01 for name in order)


@pytest.mark.parametrize(("shift", "side"), [(-1, "left"), (0, "upright"), (1, "right")])
def test_slant_is_that_of_a_drawn_line(shift: int, side: str) -> None:
    image = np.zeros((1, 9, 9))
    for y in range(9):
        image[0, y, 4 + shift * (4 - y) // 2] = 16
    angle = slant_degrees(image)[0]
    assert angle == pytest.approx(np.degrees(np.arctan(shift / 2)), abs=3)
    assert (angle > 5, angle < -5) == (side == "right", side == "left")


def test_equal_ink_is_in_one_quartile() -> None:
    assert len(set(ink_quartiles(np.ones((5, 2, 2))))) == 1


def test_the_folder_can_be_read_like_any_other(digits: ExampleTable) -> None:
    digits.frame.write_parquet(digits.root / "digits.parquet")
    table = read_examples(digits.root, task=digits.task, classes=digits.classes)
    assert table.frame.equals(digits.frame)
