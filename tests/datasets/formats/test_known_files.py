"""Files as other tools write them, with what they mean worked out by hand."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from heldout.datasets.annotations import DataSet, run_lengths
from heldout.datasets.formats import read_dataset
from heldout.errors import BadInput, Problems

Paint = Callable[..., Path]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """An image of 100 x 50 pixels."""
    Image.new("RGB", (100, 50), "grey").save(tmp_path / "photo.jpg")
    return tmp_path / "photo.jpg"


def boxes(dataset: DataSet) -> list[tuple[float, ...]]:
    return [
        tuple(round(value, 6) for value in row)
        for row in dataset.annotations.select("x0", "y0", "x1", "y1").drop_nulls().iter_rows()
    ]


def only(dataset: DataSet, column: str) -> object:
    (value,) = dataset.annotations[column].to_list()
    return value


def write(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


VOC = """<annotation><filename>photo.jpg</filename>
<size><width>100</width><height>50</height><depth>3</depth></size>
<object><name>dog</name><pose>Left</pose><truncated>1</truncated><difficult>0</difficult>
<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>100</xmax><ymax>50</ymax></bndbox></object>
<object><name>cat</name><difficult>1</difficult>
<bndbox><xmin>11</xmin><ymin>21</ymin><xmax>11</xmax><ymax>21</ymax></bndbox></object></annotation>"""


def test_voc_counts_pixels_from_one_and_includes_the_last(photo: Path) -> None:
    write(photo.parent / "Annotations" / "photo.xml", VOC)
    (photo.parent / "JPEGImages").mkdir()
    photo.rename(photo.parent / "JPEGImages" / "photo.jpg")
    found = read_dataset(photo.parent)
    assert boxes(found) == [(0, 0, 100, 50), (10, 20, 11, 21)]
    attributes = [json.loads(one) for one in found.annotations["attributes"]]
    assert attributes == [{"truncated": True, "pose": "Left"}, {"difficult": True}]


def test_voc_lists_tell_the_split(photo: Path) -> None:
    write(photo.parent / "Annotations" / "photo.xml", VOC)
    write(photo.parent / "ImageSets" / "Main" / "val.txt", "photo\n")
    write(photo.parent / "ImageSets" / "Main" / "dog_val.txt", "photo -1\n")
    assert read_dataset(photo.parent).splits == ("val",)


def test_yolo_boxes_are_centre_and_size_as_shares(photo: Path) -> None:
    root = photo.parent
    (root / "images" / "train").mkdir(parents=True)
    photo.rename(root / "images" / "train" / "photo.jpg")
    write(root / "labels" / "train" / "photo.txt", "1 0.5 0.5 0.2 0.4\n0 0 0 0.5 0 0.5 1\n")
    write(root / "data.yaml", "train: images/train\nnames: [no, yes]\n")
    found = read_dataset(root)
    assert boxes(found) == [(40, 15, 60, 35), (0, 0, 50, 50)]
    assert found.annotations["category"].to_list() == ["yes", "no"]
    assert found.annotations["polygons"].to_list() == [None, [[0, 0, 50, 0, 50, 50]]]
    assert found.splits == ("train",)


def test_a_line_of_the_wrong_length_is_named(photo: Path) -> None:
    root = photo.parent
    (root / "images" / "train").mkdir(parents=True)
    photo.rename(root / "images" / "train" / "photo.jpg")
    write(root / "labels" / "train" / "photo.txt", "0 0.5 0.5\nx 1 1 1 1\n7 0.5 0.5 0.1 0.1\n")
    write(root / "data.yaml", "train: images/train\nnames: {0: cat}\n")
    with pytest.raises(BadInput) as refusal:
        read_dataset(root)
    assert str(refusal.value).splitlines() == [
        "train/photo.txt line 1: has 2 coordinates; it is left out; give 4, or 6 or more",
        "train/photo.txt line 2: has a word that is no number; it is left out",
        'train/photo.txt line 3: the category "number 7" is not declared; it is left out',
    ]


def test_coco_boxes_are_corner_and_size(photo: Path) -> None:
    document = {
        "images": [{"id": 7, "file_name": "photo.jpg", "width": 100, "height": 50, "license": 3}],
        "licenses": [{"id": 3, "name": "CC0", "url": "https://example.org/cc0"}],
        "categories": [{"id": 5, "name": "dog", "supercategory": "animal"}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 5, "bbox": [10, 20, 30, 5], "iscrowd": 0}
            | {"segmentation": {"size": [50, 100], "counts": [1020, 5, 3975]}, "area": 5}
        ],
    }
    found = read_dataset(write(photo.parent / "instances_val2017.json", document))
    assert boxes(found) == [(10, 20, 40, 25)]
    mask = run_lengths.pixels_of(run_lengths.counts_of(str(only(found, "mask"))), 50, 100)
    assert np.argwhere(mask).tolist() == [[row, 20] for row in range(20, 25)]
    assert found.categories[0].parents == ("animal",)
    assert found.examples.select("example_id", "split", "licence").row(0) == ("7", "val", "CC0")


def test_coco_captions_and_objects_share_their_images(photo: Path) -> None:
    image = {"id": 7, "file_name": "photo.jpg", "width": 100, "height": 50}
    folder = photo.parent / "annotations"
    objects = [{"id": 1, "image_id": 7, "category_id": 5, "bbox": [10, 20, 30, 5]}]
    common = {"images": [image], "categories": [{"id": 5, "name": "dog"}]}
    write(folder / "instances_train.json", common | {"annotations": objects})
    captions = [{"id": 1, "image_id": 7, "caption": "A dog."}]
    write(folder / "captions_train.json", {"images": [image], "annotations": captions})
    found = read_dataset(photo.parent)
    assert len(found) == 1
    assert sorted(found.annotations["kind"]) == ["caption", "object"]


def test_labelme_shapes_of_a_group_are_one_object(photo: Path) -> None:
    shapes = [
        {
            "label": "cup",
            "shape_type": "polygon",
            "points": [[0, 0], [9, 0], [0, 9]],
            "group_id": 1,
        },
        {
            "label": "cup",
            "shape_type": "polygon",
            "points": [[20, 0], [29, 0], [20, 9]],
            "group_id": 1,
        },
        {"label": "mug", "shape_type": "rectangle", "points": [[60, 40], [50, 10]]},
        {"label": "dot", "shape_type": "circle", "points": [[30, 25], [40, 25]]},
        {"label": "way", "shape_type": "linestrip", "points": [[1, 1], [2, 2]]},
    ]
    document = {"version": "5.0.1", "flags": {"blurred": True, "dark": False}, "shapes": shapes}
    document |= {"imagePath": "photo.jpg", "imageWidth": 100, "imageHeight": 50}
    write(photo.parent / "photo.json", document)
    problems = Problems()
    found = read_dataset(photo.parent, problems=problems)
    assert boxes(found) == [(0, 0, 29, 9), (50, 10, 60, 40), (20, 15, 40, 35)]
    assert found.annotations["category"].to_list() == ["blurred", "cup", "mug", "dot"]
    assert [str(one) for one in problems] == [
        'photo.json shape 5: a "linestrip" cannot be held; it is left out'
    ]


CVAT = """<?xml version="1.0"?><annotations><version>1.1</version><meta><task><labels>
<label><name>car</name><color>#ff0080</color></label></labels></task></meta>
<image id="0" name="photo.jpg" width="100" height="50" subset="Train">
<box label="car" source="auto" occluded="1" xtl="10.5" ytl="5" xbr="20" ybr="15" z_order="0">
<attribute name="colour">red</attribute></box>
<mask label="car" source="semi-auto" rle="1, 2, 1" left="3" top="4" width="2" height="2"/>
<tag label="car" source="manual"/><polyline label="car" points="1,1;2,2"/></image></annotations>"""


def test_cvat_sources_tell_machine_from_person(photo: Path) -> None:
    problems = Problems()
    path = write(photo.parent / "annotations.xml", CVAT)
    found = read_dataset(path, problems=problems)
    assert found.annotations["origin"].to_list() == ["machine", "verified", "human"]
    assert boxes(found)[:2] == [(10.5, 5, 20, 15), (3, 4, 5, 6)]
    text = found.annotations["mask"][1]
    mask = run_lengths.pixels_of(run_lengths.counts_of(text), 50, 100)
    assert np.argwhere(mask).tolist() == [[4, 4], [5, 3]]
    assert json.loads(found.annotations["attributes"][0]) == {"colour": "red", "occluded": True}
    assert found.categories[0].colour == (255, 0, 128)
    assert "polyline cannot be held" in str(next(iter(problems)))


def test_label_studio_turns_about_the_corner(photo: Path) -> None:
    """A box of 40 x 20 at (50, 10), turned by 90 degrees, hangs down to the left of its corner."""
    value = {"x": 50, "y": 20, "width": 40, "height": 40, "rotation": 90, "rectanglelabels": ["a"]}
    region = {"id": "r", "type": "rectanglelabels", "value": value}
    region |= {"original_width": 100, "original_height": 50}
    answer = {"id": "t", "type": "textarea", "from_name": "answer", "value": {"text": ["blue"]}}
    people = [{"completed_by": who, "result": [region, answer]} for who in (3, {"id": 4})]
    machine = {"model_version": "net-2", "score": 0.5, "result": [region]}
    task = {"id": 1, "data": {"image": "/data/upload/1/photo.jpg", "city": "Graz"}}
    task |= {"annotations": people, "predictions": [machine]}
    found = read_dataset(write(photo.parent / "export.json", [task]))
    objects = found.annotations.filter(pl.col("kind") == "object")
    # The centre is 20 below and 10 to the left of the corner: (40, 30).
    corners = objects.select("x0", "y0", "x1", "y1").unique().row(0)
    assert corners == pytest.approx((20, 20, 60, 40))
    assert objects["rotation"].to_list() == [90, 90, 90]
    assert objects["annotator"].to_list() == ["3", "4", "net-2"]
    assert objects["origin"].to_list() == ["human", "human", "machine"]
    assert found.annotations.filter(pl.col("kind") == "answer")["text"].to_list() == ["blue"] * 2
    assert found.examples.select("city", "image").row(0) == ("Graz", "photo.jpg")


def test_vqa_joins_questions_and_answers(tmp_path: Path, paint: Paint) -> None:
    paint(tmp_path / "COCO_val2014_000000000042.jpg")
    questions = [{"question_id": 420, "image_id": 42, "question": "Is it?"}]
    answers = [
        {"answer": word, "answer_confidence": "yes", "answer_id": number}
        for number, word in enumerate(["no", "no", "maybe"], 1)
    ]
    entry = {"question_id": 420, "image_id": 42, "answer_type": "yes/no", "answers": answers}
    write(tmp_path / "q_val.json", {"questions": questions, "data_subtype": "val2014"})
    write(tmp_path / "a_val.json", {"annotations": [entry], "data_subtype": "val2014"})
    found = read_dataset(tmp_path)
    assert found.annotations["text"].to_list() == ["no", "no", "maybe"]
    assert found.annotations["annotator"].to_list() == ["1", "2", "3"]
    row = found.examples.row(0, named=True)
    assert (row["example_id"], row["question"], row["answer_type"]) == ("420", "Is it?", "yes/no")
    assert row["image"] == "COCO_val2014_000000000042.jpg"


def test_vizwiz_keeps_whether_there_is_an_answer(tmp_path: Path, paint: Paint) -> None:
    paint(tmp_path / "VizWiz_val_00000000.jpg")
    entry = {
        "image": "VizWiz_val_00000000.jpg",
        "question": "What is this?",
        "answers": [{"answer": "unanswerable", "answer_confidence": "maybe"}] * 10,
        "answer_type": "unanswerable",
        "answerable": 0,
    }
    found = read_dataset(write(tmp_path / "val.json", [entry]))
    assert found.examples["answerable"].to_list() == [0]
    assert found.annotations.height == 10
    assert found.splits == ("val",)


def test_mnist_files_become_images_and_labels(tmp_path: Path) -> None:
    pixels = np.arange(2 * 3 * 4, dtype=np.uint8)
    head = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4])
    source = tmp_path / "mnist"
    source.mkdir()
    (source / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(head + pixels.tobytes()))
    labels = bytes([0, 0, 8, 1, 0, 0, 0, 2, 9, 4])
    (source / "t10k-labels-idx1-ubyte").write_bytes(labels)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    found = read_dataset(source, scratch=scratch)
    assert found.annotations["category"].to_list() == ["9", "4"]
    assert found.splits == ("test",)
    second = found.media_paths()[1]
    assert second is not None
    with Image.open(second) as image:
        assert np.asarray(image).tolist() == pixels[12:].reshape(3, 4).tolist()


def test_an_array_that_claims_more_than_it_holds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(bytes([0, 0, 8, 3]) + b"\xff\xff\xff\xff" * 3 + b"abc")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with pytest.raises(BadInput, match="holds 3 bytes where its head claims"):
        read_dataset(path, scratch=scratch)


def test_lists_written_as_text_become_labels(tmp_path: Path) -> None:
    text = (
        "id,url,country,label\n1,https://e.org/1,Kenya,\"['pot', 'pan']\"\n2,,Chile,\"['bed']\"\n"
    )
    found = read_dataset(write(tmp_path / "metadata.csv", text))
    assert found.annotations["category"].to_list() == ["pot", "pan", "bed"]
    assert found.examples.columns == ["example_id", "source", "country"]


def test_a_class_called_train_is_a_class(tmp_path: Path, paint: Paint) -> None:
    for seed, name in enumerate(["train", "boat"]):
        paint(tmp_path / name / "1.png", seed=seed)
    found = read_dataset(tmp_path)
    assert sorted(found.annotations["category"]) == ["boat", "train"]
    assert found.splits == ()


def test_metadata_beside_images_is_joined(tmp_path: Path, paint: Paint) -> None:
    for seed in range(2):
        paint(tmp_path / "train" / f"{seed}.png", seed=seed)
    write(tmp_path / "train" / "metadata.csv", "file_name,city\n0.png,Graz\n1.png,Linz\n")
    found = read_dataset(tmp_path)
    assert dict(found.examples.select("image", "city").iter_rows()) == {
        "train/0.png": "Graz",
        "train/1.png": "Linz",
    }


def test_panoptic_colours_are_segment_ids(photo: Path) -> None:
    colours = np.zeros((50, 100, 3), np.uint8)
    colours[:10, :20] = (1, 2, 0)  # 1 + 2 * 256 = 513
    folder = photo.parent / "panoptic_val"
    folder.mkdir()
    Image.fromarray(colours).save(folder / "photo.png")
    segment = {"id": 513, "category_id": 5, "area": 200, "bbox": [0, 0, 20, 10], "iscrowd": 0}
    lost = {"id": 9, "category_id": 5, "area": 1, "bbox": [0, 0, 1, 1], "iscrowd": 0}
    document = {
        "images": [{"id": 7, "file_name": "photo.jpg", "width": 100, "height": 50}],
        "categories": [{"id": 5, "name": "sky", "isthing": 0}],
        "annotations": [
            {"image_id": 7, "file_name": "photo.png", "segments_info": [segment, lost]}
        ],
    }
    problems = Problems()
    found = read_dataset(write(photo.parent / "panoptic_val.json", document), problems=problems)
    counts = run_lengths.counts_of(str(only(found, "mask")))
    assert run_lengths.area_of(counts) == 200
    assert found.categories[0].thing is False
    assert "segment 9: is not in its PNG file" in str(next(iter(problems)))
