import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from heldout.datasets.readers import read_examples
from heldout.datasets.tasks import find_task
from heldout.errors import BadInput

IMAGES = find_task("image-classification")
Paint = Callable[..., Path]


def refusal(path: Path, **options: object) -> list[str]:
    with pytest.raises(BadInput) as caught:
        read_examples(path, task=IMAGES, **options)
    return [str(problem) for problem in caught.value.problems]


def test_the_names_of_the_folders_are_the_classes(class_folder: Path) -> None:
    table = read_examples(class_folder, task=IMAGES)
    assert table.classes == ("cat", "dog")
    assert table.frame["reference"].to_list() == ["cat"] * 3 + ["dog"] * 3
    assert all(path.is_file() for path in table.media_paths())


def test_folders_within_a_class_belong_to_it(class_folder: Path, paint: Paint) -> None:
    paint(class_folder / "cat" / "black" / "night.png", seed=9)
    table = read_examples(class_folder, task=IMAGES)
    assert table.frame["reference"].to_list().count("cat") == 4


def test_ids_come_from_the_content_and_never_from_the_class(class_folder: Path) -> None:
    before = read_examples(class_folder, task=IMAGES).ids
    for path in sorted(class_folder.rglob("*.png")):
        path.rename(path.with_name(f"renamed_{path.name}"))
    assert read_examples(class_folder, task=IMAGES).ids == before
    assert not any("cat" in name or "dog" in name for name in before)


def test_ids_do_not_depend_on_what_a_file_says_about_its_image(class_folder: Path) -> None:
    before = read_examples(class_folder, task=IMAGES).ids
    for path in class_folder.rglob("*.png"):
        text = PngInfo()
        text.add_text("label", path.parent.name)
        with Image.open(path) as image:
            image.load()
        image.save(path, pnginfo=text)
    assert read_examples(class_folder, task=IMAGES).ids == before


def test_identical_images_keep_ids_of_their_own(class_folder: Path, paint: Paint) -> None:
    paint(class_folder / "dog" / "copy.png", seed=0)
    assert len(set(read_examples(class_folder, task=IMAGES).ids)) == 7


def test_what_systems_leave_behind_is_passed_over(class_folder: Path) -> None:
    (class_folder / ".DS_Store").touch()
    (class_folder / "cat" / "Thumbs.db").touch()
    assert len(read_examples(class_folder, task=IMAGES)) == 6


def test_everything_that_is_no_usable_image_is_named_at_once(
    class_folder: Path, paint: Paint, tmp_path: Path
) -> None:
    whole = paint(class_folder / "dog" / "cut.jpg", seed=7, size=(64, 64)).read_bytes()
    (class_folder / "dog" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    paint(class_folder / "cat" / "named.jpg", format="PNG")
    (class_folder / "cat" / "notes.txt").write_text("hello")
    (class_folder / "cat" / "text.png").write_text("hello")
    paint(class_folder / "loose.png")
    outside = paint(tmp_path / "elsewhere.png", seed=8)
    (class_folder / "dog" / "linked.png").symlink_to(outside)
    (class_folder / "far").symlink_to(tmp_path)
    said = "\n".join(refusal(class_folder))
    assert 'cat/named.jpg: is a PNG file with the extension ".jpg"; rename it to .png' in said
    assert "cat/notes.txt: is not an image; move it elsewhere" in said
    assert "cat/text.png: is not an image of a known format" in said
    assert "dog/cut.jpg: is damaged or cut short" in said
    assert "dog/linked.png: leads outside the folder of the data set" in said
    assert "far: is a link to a folder" in said
    assert "loose.png: lies in no class folder; move it into the folder of its class" in said
    assert len(said.splitlines()) == 7


def test_an_unknown_class_folder_is_met_with_the_nearest_declared_class(class_folder: Path) -> None:
    said = refusal(class_folder, classes=["cats", "dog"])
    assert len(said) == 3
    assert 'class "cat" is not one of the 2 declared classes; did you mean "cats"?' in said[0]


def test_folders_of_splits_are_not_taken_for_classes(tmp_path: Path, paint: Paint) -> None:
    paint(tmp_path / "train" / "a.png")
    paint(tmp_path / "test" / "b.png")
    assert "has splits where classes are expected (test, train)" in refusal(tmp_path)[0]


def test_a_name_that_is_not_plain_text_is_written_out(class_folder: Path, paint: Paint) -> None:
    paint(class_folder / "cat" / "bell\a.png")
    (class_folder / "cat" / "cat_0.png").rename(class_folder / "cat" / os.fsdecode(b"\xff.png"))
    said = refusal(class_folder)
    assert "cat/bell\\x07.png: has a name that is not plain text; rename it" in said
    assert "cat/\\udcff.png: has a name that is not plain text; rename it" in said


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    assert "holds no images; put one folder per class into it" in refusal(tmp_path)[0]


def test_images_may_lie_beside_one_table_that_names_them(tmp_path: Path, paint: Paint) -> None:
    paint(tmp_path / "a.png")
    (tmp_path / "labels.csv").write_text("example_id,image,reference,age\n1,a.png,cat,3\n")
    table = read_examples(tmp_path, task=IMAGES)
    assert table.frame.row(0) == ("1", "a.png", "cat", 3)
    (tmp_path / "more.csv").touch()
    assert "holds 2 tables (labels.csv, more.csv)" in refusal(tmp_path)[0]


def test_media_paths_that_leave_the_folder_or_lead_nowhere_are_refused(
    tmp_path: Path, paint: Paint
) -> None:
    outside = paint(tmp_path / "b.png")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "t.csv").write_text(
        f"example_id,image,reference\n1,../b.png,x\n2,{outside},x\n3,gone.png,x\n4,,x\n"
    )
    said = refusal(tmp_path / "set")
    assert said[0] == "t.csv line 5: names no image; name one, or leave the example out"
    assert said[1].startswith("t.csv line 2, ../b.png: leads outside the folder of the data set")
    assert said[2].endswith(
        "leads outside the folder of the data set; use a path relative to that folder"
    )
    assert said[3] == "t.csv line 4, gone.png: is not there"


def test_pixels_are_not_decoded_unless_asked(tmp_path: Path, paint: Paint) -> None:
    whole = paint(tmp_path / "a.png", size=(64, 64)).read_bytes()
    (tmp_path / "a.png").write_bytes(whole[:-200])
    (tmp_path / "t.csv").write_text("example_id,image,reference\n1,a.png,x\n")
    assert len(read_examples(tmp_path, task=IMAGES, decode=False)) == 1
    assert "a.png: is damaged or cut short" in refusal(tmp_path)[0]


def test_class_folders_are_no_references_of_a_task_with_another_form(class_folder: Path) -> None:
    boxes = replace(IMAGES, title="Boxes", family="boxes", reference_columns="a JSON file")
    with pytest.raises(BadInput) as caught:
        read_examples(class_folder, task=boxes)
    assert str(caught.value) == (
        'columns: "reference" cannot be the reference: boxes has another form; '
        "references are a JSON file"
    )
