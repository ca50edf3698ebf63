"""Real COCO data: 256 images, YOLO boxes and polygons, panoptic segments and licences."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pycocotools.coco import COCO

from heldout.datasets.annotations import DataSet
from heldout.datasets.formats import losses, read_dataset, write_dataset
from heldout.errors import Problems


@pytest.fixture(scope="session")
def coco256(cases: Path) -> Path:
    return cases / "datasets" / "coco256"


@pytest.fixture(scope="session")
def instances(coco256: Path) -> DataSet:
    """The 100 annotated images of the second half, with their licences."""
    path = coco256 / "instances_from_panoptic_val2017.json"
    return read_dataset(path, images=coco256 / "images", decode=False)


def test_everything_of_the_file_is_read(instances: DataSet) -> None:
    assert (len(instances), instances.annotations.height) == (100, 1078)
    assert len(instances.categories) == 133
    assert len(instances.licences) == 8
    assert instances.examples["licence"].null_count() == 0
    assert instances.splits == ("val",)


def test_boxes_are_those_pycocotools_reads(instances: DataSet, coco256: Path) -> None:
    theirs = COCO(coco256 / "instances_from_panoptic_val2017.json").anns
    ours = instances.annotations.select("annotation_id", "x0", "y0", "x1", "y1")
    for name, x0, y0, x1, y1 in ours.iter_rows():
        assert [x0, y0, x1 - x0, y1 - y0] == theirs[int(name)]["bbox"]


def test_the_real_case_comes_back(instances: DataSet, tmp_path: Path) -> None:
    assert losses(instances, "coco") == []
    write_dataset(instances, tmp_path / "out", format_id="coco")
    again = read_dataset(tmp_path / "out", decode=False)
    assert_frame_equal(again.annotations, instances.annotations)
    assert again.categories == instances.categories
    assert again.licences == instances.licences
    drop = ("image", "file_name")
    assert_frame_equal(
        again.examples.drop(drop), instances.examples.drop(drop), check_column_order=False
    )


def test_yolo_and_coco_agree_about_the_same_objects(instances: DataSet, coco256: Path) -> None:
    """The detection labels were made apart from the panoptic ones; most boxes agree within 2 %."""
    path = coco256 / "object_detection" / "config.yaml"
    problems = Problems()
    yolo = read_dataset(path, images=coco256 / "images", problems=problems, decode=False)
    assert not problems
    assert len(yolo) == 256
    assert yolo.splits == ("train", "val")
    shared = yolo.annotations.with_columns(pl.col("example_id").cast(pl.Int64).cast(pl.String))
    pairs = instances.annotations.join(shared, on=["example_id", "category"])
    corners = [
        (pl.col(name) - pl.col(f"{name}_right")).abs() < 8 for name in ("x0", "y0", "x1", "y1")
    ]
    matched = pairs.filter(pl.all_horizontal(corners))["annotation_id"].n_unique()
    things = {one.name for one in instances.categories if one.thing}
    counted = instances.annotations.filter(pl.col("category").is_in(list(things)))
    assert matched > 0.75 * counted.filter(~pl.col("crowd")).height


def test_polygons_of_the_segmentation_labels_lie_in_their_images(coco256: Path) -> None:
    path = coco256 / "instance_segmentation" / "config.yaml"
    problems = Problems()
    found = read_dataset(path, images=coco256 / "images", problems=problems, decode=False)
    assert found.annotations["polygons"].null_count() < found.annotations.height
    sized = found.annotations.join(found.examples, on="example_id")
    assert (sized["x1"] <= sized["width"] + 1).all()
    assert np.isfinite(found.annotations["y0"].drop_nulls().to_numpy()).all()


def test_a_panoptic_file_without_its_maps_keeps_the_boxes(coco256: Path) -> None:
    path = coco256 / "panoptic_segmentation" / "annotations" / "panoptic_val2017.json"
    problems = Problems()
    found = read_dataset(path, images=coco256 / "images", problems=problems, decode=False)
    assert found.annotations.height == 1078
    assert found.annotations["mask"].null_count() == 1078
    assert "segments stay boxes" in str(next(iter(problems)))


def test_the_table_of_dollar_street_is_read(cases: Path) -> None:
    found = read_dataset(cases / "datasets" / "dollarstreet_meta" / "metadata.csv")
    assert len(found) == 13_565
    assert found.examples["country"].n_unique() == 54
    assert found.annotations["category"].null_count() == 0
    assert found.examples["income"].min() == pytest.approx(26.9, abs=0.2)
