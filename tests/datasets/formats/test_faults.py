"""Bad input: everything that is wrong is said at once, and what is sound goes on."""

import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from heldout.datasets.annotations import DataSet
from heldout.datasets.formats import read_dataset
from heldout.errors import BadInput, Problems
from tests.datasets.test_images import png_claiming

Paint = Callable[..., Path]
SQUARE = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 4, 4]}


@pytest.fixture
def coco(tmp_path: Path, paint: Paint) -> Callable[..., Path]:
    """Write a COCO file of one image of 10 x 10 pixels with these annotations."""

    def write(*annotations: dict[str, Any], **keys: Any) -> Path:
        if not (tmp_path / "a.png").exists():
            paint(tmp_path / "a.png", size=(10, 10))
        document = {
            "images": [{"id": 1, "file_name": "a.png", "width": 10, "height": 10}],
            "categories": [{"id": 1, "name": "cat"}],
            "annotations": list(annotations),
        }
        path = tmp_path / "case.json"
        path.write_text(json.dumps(document | keys), "utf-8")
        return path

    return write


def reading(path: Path, **options: Any) -> tuple[DataSet, list[str]]:
    problems = Problems()
    return read_dataset(path, problems=problems, **options), [str(one) for one in problems]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"bbox": [12, 1, 4, 4]}, "its box (12, 1, 16, 5) lies outside its image; it is left out"),
        ({"bbox": [1, 1, 0, 4]}, "its box (1, 1, 1, 5) is empty; it is left out"),
        ({"category_id": 9}, 'the category "number 9" is not declared; it is left out'),
        ({"image_id": 8}, 'belongs to "8", which is no example; it is left out'),
        ({"bbox": None}, "has no box, polygon or mask; it is left out"),
    ],
)
def test_an_annotation_at_fault_is_left_out(
    coco: Callable[..., Path], fault: dict[str, Any], message: str
) -> None:
    polygon = {"segmentation": []}
    path = coco(SQUARE, SQUARE | polygon | {"id": 2} | fault)
    found, told = reading(path)
    if fault == {"bbox": None}:
        path = coco(SQUARE, {"id": 2, "image_id": 1, "category_id": 1, "keypoints": [0, 0, 0]})
        found, told = reading(path)
    assert told == [f"case.json annotation 2: {message}"]
    assert found.annotations["annotation_id"].to_list() == ["1"]
    with pytest.raises(BadInput):
        read_dataset(path)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"segmentation": [[1, 1, 5, 5]]}, "a polygon of 2 points is left out; it needs three"),
        (
            {"segmentation": [[1, 1, 5, 5, 2]]},
            "a polygon with an odd number of coordinates is left out",
        ),
        (
            {"segmentation": {"size": [9, 10], "counts": [90]}},
            "a mask of 10 x 9 for an image of 10 x 10; the mask is left out",
        ),
        (
            {"segmentation": {"size": [10, 10], "counts": [90]}},
            "run lengths of 90 pixels for a mask of 100; the mask is left out",
        ),
        (
            {"segmentation": {"size": [10, 10], "counts": "oo"}},
            "run lengths are cut short or hold other letters; the mask is left out",
        ),
        ({"keypoints": [1, 2]}, "its keypoints are not triples of numbers; they are left out"),
    ],
)
def test_a_shape_at_fault_leaves_its_box(
    coco: Callable[..., Path], fault: dict[str, Any], message: str
) -> None:
    found, told = reading(coco(SQUARE | fault))
    assert told == [f"case.json annotation 1: {message}"]
    row = found.annotations.row(0, named=True)
    assert (row["x0"], row["x1"], row["polygons"], row["mask"], row["keypoints"]) == (
        1,
        5,
        None,
        None,
        None,
    )


def test_one_polygon_at_fault_leaves_the_others(coco: Callable[..., Path]) -> None:
    sound = [1, 1, 4, 1, 1, 4]
    found, told = reading(coco(SQUARE | {"segmentation": [[1, 1], sound]}))
    assert len(told) == 1
    assert found.annotations["polygons"].to_list() == [[sound]]


def test_what_reaches_out_of_the_image_is_cut_to_it(coco: Callable[..., Path]) -> None:
    wide = SQUARE | {"bbox": [-3, 2, 20, 4], "segmentation": [[-3, 2, 17, 2, 5, 6]]}
    found, told = reading(coco(wide))
    assert told == [
        "case.json annotation 1: reaches out of its image with a polygon; it is cut to the image",
        "case.json annotation 1: its box (-3, 2, 17, 6) reaches out of its image of 10 x 10; "
        "it is cut to it",
    ]
    assert found.annotations.select("x0", "x1").row(0) == (0, 10)
    assert found.annotations["polygons"].to_list() == [[[0, 2, 10, 2, 5, 6]]]


def test_rounding_beyond_the_edge_is_no_fault(coco: Callable[..., Path]) -> None:
    found, told = reading(coco(SQUARE | {"bbox": [0, 0, 10.4, 10]}))
    assert not told
    assert found.annotations["x1"].to_list() == [10.4]


def test_ids_that_are_there_twice_are_named(coco: Callable[..., Path]) -> None:
    image = {"id": 1, "file_name": "a.png", "width": 10, "height": 10}
    found, told = reading(coco(SQUARE, SQUARE, images=[image, image]))
    assert told == [
        'case.json image 1: repeats the id "1"; it is left out',
        'case.json annotation 1: repeats the annotation id "1"; it gets a new one',
    ]
    assert len(found) == 1
    assert found.annotations["annotation_id"].n_unique() == 2


def test_an_entry_of_the_wrong_shape_is_named(coco: Callable[..., Path]) -> None:
    found, told = reading(coco(SQUARE, {"id": 2, "image_id": 1, "bbox": [1, 2]}))
    assert len(told) == 1
    assert told[0].startswith("case.json annotations[1]: ")
    assert found.annotations.height == 1


def test_a_caption_without_end_is_left_out(coco: Callable[..., Path]) -> None:
    long = {"id": 1, "image_id": 1, "caption": "a" * 10_000_000}
    odd = {"id": 2, "image_id": 1, "caption": "a\x00\x1b[31mcat\nsits"}
    found, told = reading(coco(long, odd))
    assert told == [
        "case.json annotation 1: a text of 10,000,000 characters, where 100,000 are enough; "
        "it is left out",
        "case.json annotation 2: its text has control characters; they are taken out",
    ]
    assert found.annotations["text"].to_list() == ["a[31mcat\nsits"]


def test_names_with_control_characters_are_written_out(coco: Callable[..., Path]) -> None:
    found, told = reading(coco(SQUARE, categories=[{"id": 1, "name": "ca\u202et\x07"}]))
    assert told == [
        "categories: 'ca\\u202et\\x07' has control characters; it becomes \"ca\\u202et\\x07\""
    ]
    assert found.annotations["category"].to_list() == ["ca\\u202et\\x07"]


def test_an_image_at_fault_takes_its_annotations_along(tmp_path: Path, paint: Paint) -> None:
    names = ["whole.png", "short.png", "bomb.png", "gone.png", "../out.png"]
    paint(tmp_path / "whole.png", size=(10, 10))
    short = paint(tmp_path / "short.png", size=(10, 10))
    short.write_bytes(short.read_bytes()[:-60])
    (tmp_path / "bomb.png").write_bytes(png_claiming(60_000, 60_000))
    images = [{"id": number, "file_name": name} for number, name in enumerate(names)]
    objects = [SQUARE | {"id": number, "image_id": number} for number in range(len(names))]
    document = {"images": images, "annotations": objects}
    document["categories"] = [{"id": 1, "name": "cat"}]
    (tmp_path / "c.json").write_text(json.dumps(document), "utf-8")
    found, told = reading(tmp_path / "c.json")
    assert found.examples["example_id"].to_list() == ["0"]
    assert found.annotations["example_id"].to_list() == ["0"]
    assert [one.split(": ", 1)[1] for one in told] == [
        "is damaged or cut short; the example is left out; copy the file again from its source",
        "claims more than 80 million pixels; the example is left out; make the image smaller",
        "its image is not there; the example is left out",
        "leads outside the folder of the data set; the example is left out; "
        "use a path relative to that folder",
    ]


def test_strange_images_are_named_and_kept(tmp_path: Path) -> None:
    Image.new("CMYK", (8, 6)).save(tmp_path / "a.jpg")
    Image.new("RGB", (8, 6)).save(tmp_path / "b.png", format="JPEG")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (8, 6)).save(tmp_path / "c.jpg", exif=exif)
    sizes = [(8, 6), (8, 6), (8, 6)]
    images = [
        {"id": number, "file_name": name, "width": size[0], "height": size[1]}
        for number, (name, size) in enumerate(zip(("a.jpg", "b.png", "c.jpg"), sizes, strict=True))
    ]
    (tmp_path / "c.json").write_text(json.dumps({"images": images, "annotations": []}), "utf-8")
    found, told = reading(tmp_path / "c.json")
    assert len(found) == 3
    assert [one.partition(": ")[2] for one in told] == [
        "is in CMYK colours, which screens show differently; convert it to RGB",
        'is a JPEG file with the extension ".png"',
        "is shown as 6 x 8 because EXIF turns it, but annotated as 8 x 6; "
        "its annotations are turned with it; look at them",
    ]


def test_annotations_that_travel_alone_stay_without_images(
    coco: Callable[..., Path], tmp_path: Path
) -> None:
    path = coco(SQUARE)
    (tmp_path / "a.png").unlink()
    found, told = reading(path)
    assert "image" not in found.examples.columns
    assert found.annotations.height == 1
    assert told == [
        f"{tmp_path}: none of the 1 images is there; the examples stay without images; "
        "say where they are with --images"
    ]


LAUGHS = """<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]>
<annotation><filename>&c;</filename></annotation>"""


def test_xml_with_entities_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(LAUGHS, "utf-8")
    with pytest.raises(BadInput, match="declares a document type or entities"):
        read_dataset(tmp_path / "a.xml", format_id="voc")


def test_yaml_that_builds_objects_builds_nothing(tmp_path: Path) -> None:
    text = "names: !!python/object/apply:os.system ['touch hacked']\n"
    (tmp_path / "data.yaml").write_text(text, "utf-8")
    with pytest.raises(BadInput):
        read_dataset(tmp_path / "data.yaml", format_id="yolo")
    assert not (tmp_path / "hacked").exists()


def test_a_tar_file_cut_short_gives_what_it_has(tmp_path: Path, paint: Paint) -> None:
    image = paint(tmp_path / "x.png", size=(40, 40))
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for number in range(3):
            archive.add(image, f"{number}.png")
            record = tmp_path / "r.json"
            record.write_text("{}")
            archive.add(record, f"{number}.json")
    path = tmp_path / "a.tar"
    path.write_bytes(path.read_bytes()[: 512 * 17 + 100])
    (tmp_path / "scratch").mkdir()
    found, told = reading(path, scratch=tmp_path / "scratch")
    assert 1 <= len(found) < 3
    assert told


def test_a_format_that_does_not_exist_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match='did you mean "yolo"'):
        read_dataset(tmp_path, format_id="yollo")


def test_a_folder_of_nothing_is_no_format(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="looks like no format that can be read"):
        read_dataset(tmp_path)
    with pytest.raises(BadInput, match="is not there"):
        read_dataset(tmp_path / "none")


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"images": 3, "annotations": []}'])
def test_no_json_crashes_a_reader(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content, "utf-8")
    for name in ("coco", "coco-panoptic", "vqa", "vizwiz", "label-studio", "labelme"):
        with pytest.raises(BadInput):
            read_dataset(tmp_path / "a.json", format_id=name)
