"""Pascal VOC's own files, against the same problem in COCO's (`test_voc` restates the kit)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import pytest

from heldout.datasets.tasks import find_task
from heldout.errors import BadInput
from heldout.evaluation.reading import Expected, read_predictions, read_references

BOXES = find_task("object-detection")
OBJECT = "<object><name>{}</name><difficult>{}</difficult><bndbox>{}</bndbox></object>"
CORNERS = "<xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax>"


def annotation(*objects: tuple[str, int, tuple[Any, ...]]) -> str:
    found = "".join(OBJECT.format(escape(n), d, CORNERS.format(*box)) for n, d, box in objects)
    size = "<size><width>120</width><height>90</height></size>"
    return f"<annotation><filename>a.jpg</filename>{size}{found}</annotation>"


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write files of a folder: their text by name."""

    def make(folder: str, files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / folder

    return make


def inclusive(box: list[float]) -> tuple[float, float, float, float]:
    x, y, width, height = box
    return x + 1, y + 1, x + width + 1, y + height + 1


def corners_of(entry: dict[str, Any]) -> tuple[float, float, float, float]:
    return inclusive(entry["bbox"])


def as_voc(truth: Any, write: Callable[..., Path]) -> Path:
    names = {one["id"]: one["name"] for one in truth["categories"]}
    files = {}
    for image in truth["images"]:
        own = [one for one in truth["annotations"] if one["image_id"] == image["id"]]
        files[f"Annotations/{image['id']:06}.xml"] = annotation(
            *((names[one["category_id"]], one["difficult"], corners_of(one)) for one in own)
        )
    return write("VOC", files)


def with_objects(truth: Any) -> list[Any]:
    """Return the classes that an undeclared folder knows of."""
    seen = {one["category_id"] for one in truth["annotations"]}
    return [one for one in truth["categories"] if one["id"] in seen]


def as_voc_results(truth: Any, results: list[Any], write: Callable[..., Path]) -> Path:
    files = {}
    for category in with_objects(truth):
        own = [one for one in results if one["category_id"] == category["id"]]
        lines = [
            f"{one['image_id']:06} {one['score']!r} {' '.join(map(repr, corners_of(one)))}\n"
            for one in own
        ]
        files[f"comp4_det_test_{category['name']}.txt"] = "".join(lines)
    return write("results", files)


@pytest.mark.parametrize("seed", range(3))
def test_folders_score_as_the_same_boxes_in_json(
    make_problem: Any, stats_of: Any, stats_of_files: Any, write: Callable[..., Path], seed: int
) -> None:
    truth, results = make_problem(seed, distinct_scores=True)
    for number, category in enumerate(truth["categories"]):
        category["name"] = f"class_{number}"
    for number, one in enumerate(truth["annotations"]):
        one["iscrowd"], one["difficult"] = 0, int(number % 4 == 0)
        one["bbox"] = np.round(one["bbox"]).tolist()
    gt, dt = as_voc(truth, write), as_voc_results(truth, results, write)
    for metric in ("voc-ap", "voc-ap07"):
        ours = stats_of_files(gt, dt, "object-detection", metric).reduce()
        in_json = stats_of(truth, results, "object-detection", metric).reduce()
        assert ours == pytest.approx(in_json, abs=1e-12)
        assert 0 < ours[0] < 1


def test_coco_results_name_images_by_their_numbers_and_classes_by_their_places(
    stats_of_files: Any, write: Callable[..., Path]
) -> None:
    gt = write(
        "VOC",
        {"2007_000032.xml": annotation(("dog", 0, (11, 11, 20, 20)), ("cat", 0, (1, 1, 5, 5)))},
    )
    dt = write("json", {"dt.json": '[{"image_id": 2007000032, "category_id": 2, "score": 1, '
               '"bbox": [10, 10, 9, 9]}]'}) / "dt.json"  # fmt: skip
    assert stats_of_files(gt, dt, "object-detection", "voc-ap").reduce()[0] == pytest.approx(0.5)


def test_a_difficult_object_is_not_looked_for(
    stats_of_files: Any, write: Callable[..., Path]
) -> None:
    gt = write("VOC", {"a.xml": annotation(("cat", 1, (1, 1, 9, 9)), ("cat", 0, (50, 50, 60, 60)))})
    dt = write("results", {"cat.txt": "a 0.9 1 1 9 9\na 0.8 50 50 60 60\n"})
    assert stats_of_files(gt, dt, "object-detection", "voc-ap").reduce()[0] == pytest.approx(1)


def test_a_list_chooses_the_images(write: Callable[..., Path]) -> None:
    text = annotation(("cat", 0, (1, 1, 9, 9)))
    folder = write(
        "VOC",
        {
            "Annotations/a.xml": text,
            "Annotations/b.xml": text,
            "ImageSets/Main/test.txt": "b  1\n",
        },
    )
    assert read_references(folder, task=BOXES).example_ids.to_list() == ["a", "b"]
    chosen = read_references(folder / "ImageSets/Main/test.txt", task=BOXES)
    assert chosen.example_ids.to_list() == ["b"]
    assert chosen.columns.to_dicts() == [{"file_name": "a.jpg", "height": 90, "width": 120}]


def test_an_image_without_objects_is_an_example(write: Callable[..., Path]) -> None:
    folder = write("VOC", {"a.xml": annotation(("cat", 0, (1, 1, 9, 9))), "b.xml": annotation()})
    assert len(read_references(folder, task=BOXES).example_ids) == 2


def test_declared_classes_give_their_order(write: Callable[..., Path]) -> None:
    folder = write("VOC", {"a.xml": annotation(("cat", 0, (1, 1, 9, 9)))})
    references = read_references(folder, task=BOXES, classes=["dog", "cat"])
    assert references.classes == ("dog", "cat")
    assert references.objects.category.tolist() == [1]


def refusal(path: Path, **more: Any) -> str:
    with pytest.raises(BadInput) as caught:
        read_references(path, **{"task": BOXES, **more})
    return str(caught.value)


def test_every_damaged_object_is_named(write: Callable[..., Path]) -> None:
    folder = write(
        "VOC",
        {
            "a.xml": annotation(
                ("cat", 0, (9, 1, 8, 9)),
                ("", 0, (1, 1, 9, 9)),
                ("cat", 7, (1, 1, 9, 9)),
                ("cat", 0, ("nan", 1, 9, 9)),
                ("cta", 0, (1, 1, 9, 9)),
            ),
            "b.xml": annotation()[:-4],
            "c.xml": "<kml/>",
        },
    )
    lines = refusal(folder, classes=["cat"]).splitlines()
    assert lines[0] == (
        "a.xml object 1: the box ends before it begins: 9, 1 to 8, 9; "
        "give the upper left corner first"
    )
    assert lines[1] == "a.xml object 2: has no name; name its class"
    assert lines[2] == "a.xml object 3: difficult is neither 0 nor 1; give 0 or 1"
    assert lines[3].startswith("a.xml object 4: has no box of four numbers")
    assert lines[4].startswith("b.xml: is no whole XML document")
    assert lines[5] == (
        "c.xml: holds <kml> where <annotation> should stand; give Pascal VOC's XML, a file per image"
    )
    assert lines[6].startswith('a.xml object 5: "cta" is not one of the declared classes; did')


def test_what_holds_no_annotation_is_refused(write: Callable[..., Path]) -> None:
    assert "there is no XML file" in refusal(write("empty", {"a.jpg": ""}))
    assert "no folder Annotations" in refusal(write("lists", {"a.txt": "a\n"}) / "a.txt")
    folder = write("VOC", {"a.xml": annotation()})
    assert "boxes only" in refusal(folder, task=find_task("instance-segmentation"))


def test_every_damaged_line_is_named(write: Callable[..., Path]) -> None:
    folder = write("VOC", {"a.xml": annotation(("cat", 0, (1, 1, 9, 9)))})
    references = read_references(folder, task=BOXES)
    results = write(
        "results",
        {
            "det_cat.txt": "a 0.9 1 1 9 9\n\nb 1 1 1 9 9\na 1 1 1 9\na x 1 1 9 9\n"
            "a nan 1 1 9 9\na 1 9 1 8 9\n",
            "notes.txt": "",
        },
    )
    expected = Expected(references.example_ids, references.classes, public=references.public)
    with pytest.raises(BadInput) as caught:
        read_predictions(results, task=BOXES, expected=expected)
    assert [(p.place, p.message) for p in caught.value.problems] == [
        ("det_cat.txt line 3", "the first value is not the name of an image"),
        ("det_cat.txt line 4", "5 values where there should be six"),
        ("det_cat.txt line 5", "score and box are not all numbers"),
        ("det_cat.txt line 6", "score and box are not all finite"),
        ("det_cat.txt line 7", "the box ends before it begins"),
        ("notes.txt", "its name does not end with a known class"),
    ]
