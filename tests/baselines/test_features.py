from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from heldout.baselines.features import read_features
from heldout.datasets.tasks import find_task
from heldout.datasets.writers import write_table
from heldout.errors import BadInput

IMAGES = find_task("image-classification")
TABLES = find_task("tabular-classification")


def vectors_of(folder: Path, *images: Image.Image, suffix: str = ".png") -> np.ndarray:
    for number, image in enumerate(images):
        image.save(folder / f"{number}{suffix}")
    rows = {"example_id": [str(n) for n in range(len(images))]}
    rows["image"] = [f"{n}{suffix}" for n in range(len(images))]
    rows["reference"] = ["a", "b"] * (len(images) // 2)
    write_table(pl.DataFrame(rows), folder / "train.csv")
    return read_features(folder, task=IMAGES, classes=None, splits=[]).vectors["train"]


def test_small_grey_images_are_their_own_pixels(published) -> None:
    features = read_features(published.data, task=IMAGES, classes=None, splits=["test"])
    ours = {tuple(np.rint(row * 16)) for some in features.vectors.values() for row in some}
    theirs = {tuple(row) for row in load_digits().data}
    assert features.vectors["train"].shape == (1078, 64)
    assert ours <= theirs


def test_images_of_several_sizes_become_one(tmp_path: Path) -> None:
    vectors = vectors_of(tmp_path, Image.new("L", (40, 30), 51), Image.new("L", (8, 8), 255))
    assert vectors.shape == (2, 256)
    np.testing.assert_allclose(vectors, [[0.2] * 256, [1.0] * 256])


def test_one_colour_image_makes_all_vectors_colour(tmp_path: Path) -> None:
    vectors = vectors_of(
        tmp_path, Image.new("RGB", (2, 1), (255, 0, 51)), Image.new("L", (2, 1), 255)
    )
    np.testing.assert_allclose(vectors, [[1, 0, 0.2] * 2, [1] * 6])


def test_sixteen_bits_are_scaled_and_not_cut_off(tmp_path: Path) -> None:
    deep = Image.fromarray(np.full((2, 2), 0x8000, dtype=np.uint16))
    vectors = vectors_of(tmp_path, deep, deep)
    np.testing.assert_allclose(vectors, 128 / 255)


def test_missing_numbers_are_the_mean_and_texts_one_column_per_value(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "example_id": ["a", "b", "c"],
            "reference": ["x", "y", "x"],
            "size": [1.0, None, 3.0],
            "light": ["day", "night", None],
            "name": ["only", "only", "only"],
        }
    )
    write_table(frame, tmp_path / "train.csv")
    features = read_features(tmp_path, task=TABLES, classes=["x", "y"], splits=[])
    np.testing.assert_array_equal(features.vectors["train"], [[1, 1, 0], [2, 0, 1], [3, 0, 0]])


def refusal(folder: Path, task: str = "tabular-classification") -> str:
    with pytest.raises(BadInput) as caught:
        read_features(folder, task=find_task(task), classes=None, splits=["train"])
    return str(caught.value)


def test_what_cannot_be_learned_from_is_refused_with_the_reason(tmp_path: Path) -> None:
    assert refusal(tmp_path).endswith("train.parquet: is not there")
    for content, message in [
        ("example_id,size\na,1\nb,2\n", 'split "train": has no references to learn from'),
        ("example_id,size,reference\na,1,x\nb,2,x\n", "has one reference only: nothing to learn"),
        ("example_id,reference\na,x\nb,y\n", "no column of features is in every split"),
    ]:
        (tmp_path / "train.csv").write_text(content)
        assert message in refusal(tmp_path)
    assert refusal(tmp_path, "multi-label-classification") == (
        "task: there are no baselines for multi-label classification yet"
    )
