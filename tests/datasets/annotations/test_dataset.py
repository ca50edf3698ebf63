from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from heldout.datasets.annotations import (
    Category,
    DataSet,
    Kind,
    Licence,
    annotation_frame,
    load_dataset,
    save_dataset,
)
from heldout.datasets.annotations.dataset import merge
from heldout.datasets.tasks import find_task
from heldout.errors import BadInput


@pytest.fixture
def animals() -> DataSet:
    """Two splits, a box, labels and a licence."""
    return DataSet(
        examples=pl.DataFrame(
            {
                "example_id": ["a", "b", "c"],
                "image": ["a.png", "b.png", "c.png"],
                "split": ["train", "train", "val"],
                "licence": ["CC BY", None, None],
            }
        ),
        annotations=annotation_frame(
            {
                "example_id": ["a", "a", "a", "b"],
                "annotation_id": ["1", "2", "3", "4"],
                "kind": [Kind.LABEL, Kind.LABEL, Kind.OBJECT, Kind.LABEL],
                "category": ["cat", "pet", "cat", "dog"],
                "x0": [None, None, 1.5, None],
            }
        ),
        categories=(Category("cat", parents=("pet",)), Category("dog"), Category("pet")),
        licences=(Licence("CC BY", url="https://example.org/by"), Licence("CC0")),
        info={"title": "Animals"},
        root=Path("photos"),
    )


def test_a_data_set_comes_back_from_its_files(animals: DataSet, tmp_path: Path) -> None:
    save_dataset(animals, tmp_path)
    read = load_dataset(tmp_path, root=Path("photos"))
    assert_frame_equal(read.examples, animals.examples)
    assert_frame_equal(read.annotations, animals.annotations)
    assert read.categories == animals.categories
    assert read.licences == animals.licences
    assert (read.info, read.root) == (animals.info, animals.root)


def test_a_damaged_table_is_named(animals: DataSet, tmp_path: Path) -> None:
    save_dataset(animals, tmp_path)
    (tmp_path / "annotations.parquet").write_bytes(b"PAR1")
    with pytest.raises(BadInput, match="is no stored data set"):
        load_dataset(tmp_path)


def test_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not there"):
        load_dataset(tmp_path)


def test_a_split_takes_its_annotations_along(animals: DataSet) -> None:
    part = animals.part("train")
    assert part.examples["example_id"].to_list() == ["a", "b"]
    assert part.annotations["annotation_id"].to_list() == ["1", "2", "3", "4"]
    assert animals.part("val").annotations.is_empty()
    assert animals.splits == ("train", "val")


def test_labels_become_references(animals: DataSet) -> None:
    single = animals.table(find_task("image-classification"))
    assert single.frame["reference"].to_list() == ["cat", "dog", None]
    several = animals.table(find_task("multi-label-classification"))
    assert several.frame["reference"].to_list() == [["cat", "pet"], ["dog"], None]
    assert several.classes == ("cat", "dog", "pet")


def test_only_licences_in_use_are_named(animals: DataSet) -> None:
    assert [one.name for one in animals.used_licences()] == ["CC BY"]


def test_parts_merge_into_the_whole(animals: DataSet) -> None:
    whole = merge([animals.part("train"), animals.part("val")])
    assert_frame_equal(whole.examples, animals.examples)
    assert_frame_equal(whole.annotations, animals.annotations)
    assert whole.categories == animals.categories


def test_an_unknown_column_of_annotations_is_an_error() -> None:
    with pytest.raises(KeyError):
        annotation_frame({"colour": ["red"]})
