"""`heldout data`, as a person uses it."""

import json
import shutil
import zipfile

import pytest
from PIL import Image

from tests.datasets.test_images import png_claiming


@pytest.fixture
def coco(tmp_path):
    """Three images in two splits, one of them with a box outside."""
    folder = tmp_path / "source"
    images = folder / "images"
    images.mkdir(parents=True)
    for number in range(3):
        Image.new("L", (10, 10), number * 50).save(images / f"{number}.png")
    for split, numbers in (("train", [0, 1]), ("val", [2])):
        document = {
            "images": [
                {"id": number, "file_name": f"{number}.png", "width": 10, "height": 10}
                for number in numbers
            ],
            "categories": [{"id": 1, "name": "cat", "supercategory": "pet"}],
            "annotations": [
                {"id": number, "image_id": number, "category_id": 1, "bbox": [1, 1, 5, 5]}
                for number in numbers
            ],
        }
        (folder / f"instances_{split}.json").write_text(json.dumps(document))
    return folder


def spoil(coco):
    path = coco / "instances_val.json"
    document = json.loads(path.read_text())
    document["annotations"].append(
        {"id": 9, "image_id": 2, "category_id": 1, "bbox": [50, 50, 5, 5]}
    )
    path.write_text(json.dumps(document))


def test_data_are_imported_and_exported(run, coco, tmp_path):
    done = run("data", "import", coco, tmp_path / "store", "--notes", "first")
    assert done.code == 0
    assert "revision r1" in done.err
    assert "examples: train 2, val 1" in done.err
    done = run("data", "export", tmp_path / "store", tmp_path / "out", "--format", "yolo")
    assert done.code == 0
    assert "lost: 1 parents of categories" in done.err
    assert (tmp_path / "out" / "data.yaml").is_file()


def test_what_is_at_fault_is_left_out_and_listed(run, coco, tmp_path):
    spoil(coco)
    done = run("data", "import", coco, tmp_path / "store", "--json")
    assert done.code == 0
    assert [one["place"] for one in done.json["problems"]] == ["instances_val.json annotation 9"]
    assert done.json["revision"]["annotations"] == {"object": 3}


def test_strict_imports_nothing_where_anything_is_at_fault(run, coco, tmp_path):
    spoil(coco)
    done = run("data", "import", coco, tmp_path / "store", "--strict")
    assert done.code == 2
    assert "lies outside its image" in done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


def planted_faults(folder):
    """A data set with one of each fault; what is sound is image 0 with its box and caption."""
    images, path = [], folder / "images"
    path.mkdir(parents=True)
    for number in range(7):
        pixels = Image.effect_noise((10, 10), 40)
        name = f"{number}.png"
        if number == 1:
            pixels.save(path / name)
            (path / name).write_bytes((path / name).read_bytes()[:-60])
        elif number == 2:
            (path / name).write_bytes(png_claiming(60_000, 60_000))
        elif number == 3:
            name = "3.jpg"
            pixels.convert("CMYK").save(path / name)
        elif number == 4:
            pixels.save(path / name, format="JPEG")
        elif number == 5:
            name, exif = "5.jpg", Image.Exif()
            exif[0x0112] = 6
            pixels.resize((10, 8)).save(path / name, exif=exif)
        else:
            pixels.save(path / name)
        size = {"width": 10, "height": 8 if number == 5 else 10}
        images.append({"id": number, "file_name": name, **size})
    images.append(images[0])
    square = {"image_id": 0, "category_id": 1, "bbox": [1, 1, 5, 5]}
    faults = [
        {},
        {"bbox": [50, 50, 5, 5]},
        {"segmentation": [[1, 1, 5, 5]]},
        {"segmentation": {"size": [9, 10], "counts": [90]}},
        {"category_id": 9},
    ]
    objects = [square | fault | {"id": place} for place, fault in enumerate(faults, 1)]
    texts = ["a" * 10_000_000, "a \x1b[31mcat"]
    captions = [
        {"id": place, "image_id": 0, "caption": text} for place, text in enumerate(texts, 20)
    ]
    document = {
        "images": images,
        "categories": [{"id": 1, "name": "c\x07at"}],
        "annotations": objects + captions,
    }
    (folder / "case.json").write_text(json.dumps(document))
    return folder


def test_every_fault_is_in_one_report_and_what_is_sound_is_imported(run, tmp_path):
    source = planted_faults(tmp_path / "source")
    done = run("data", "import", source, tmp_path / "store", "--json")
    assert done.code == 0
    told = "\n".join(f"{one['place']}: {one['message']}" for one in done.json["problems"])
    for fault in (
        "1.png: is damaged or cut short",
        "2.png: claims more than 80 million pixels",
        "3.jpg: is in CMYK colours",
        '4.png: is a JPEG file with the extension ".png"',
        "5.jpg: is shown as 8 x 10 because EXIF turns it",
        'repeats the id "0"',
        "annotation 2: its box (50, 50, 55, 55) lies outside its image",
        "annotation 3: a polygon of 2 points is left out",
        "annotation 4: a mask of 10 x 9 for an image of 10 x 10",
        'annotation 5: the category "number 9" is not declared',
        "annotation 20: a text of 10,000,000 characters",
        "annotation 21: its text has control characters",
        "'c\\x07at' has control characters",
    ):
        assert fault in told
    assert len(done.json["problems"]) == 13
    assert sum(done.json["revision"]["examples"].values()) == 5
    assert done.json["revision"]["annotations"] == {"object": 3, "caption": 1}


def test_strict_imports_nothing_of_it_and_lists_the_same(run, tmp_path):
    source = planted_faults(tmp_path / "source")
    done = run("data", "import", source, tmp_path / "store", "--strict")
    assert done.code == 2
    assert done.err.count("\n") >= 13
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_xml_with_entities_is_refused_and_nothing_is_half_imported(run, tmp_path):
    (tmp_path / "source").mkdir()
    bomb = '<!DOCTYPE a [<!ENTITY b "ha">]><annotation><filename>&b;</filename></annotation>'
    (tmp_path / "source/a.xml").write_text(bomb)
    done = run("data", "import", tmp_path / "source", tmp_path / "store", "--format", "voc")
    assert done.code == 2
    assert "declares a document type or entities" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_an_archive_is_imported_like_its_folder(run, coco, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", coco)
    assert run("data", "import", archive, tmp_path / "store").code == 0
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as packed:
        packed.writestr("../evil", b"")
    done = run("data", "import", tmp_path / "evil.zip", tmp_path / "store")
    assert done.code == 2
    assert "leads outside the archive" in done.err


def test_a_diff_compares_with_the_parent(run, coco, tmp_path):
    store = tmp_path / "store"
    run("data", "import", coco, store)
    (coco / "instances_val.json").unlink()
    run("data", "import", coco, store, "--notes", "without val")
    done = run("data", "diff", store, "--json")
    assert (done.json["before"], done.json["after"]) == ("r1", "r2")
    assert done.json["removed"] == ["2"]
    assert done.json["annotations"] == {"added": 0, "removed": 1, "changed": 0}
    shown = run("data", "diff", store).out
    assert "examples removed" in shown
    listed = run("data", "history", store, "--json").json["revisions"]
    assert [(one["id"], one.get("parent")) for one in listed] == [("r1", None), ("r2", "r1")]
    assert run("data", "diff", store, "r1", "r1").code == 0


def test_a_first_revision_has_nothing_to_compare_with(run, coco, tmp_path):
    run("data", "import", coco, tmp_path / "store")
    done = run("data", "diff", tmp_path / "store")
    assert done.code == 2
    assert "is the first revision" in done.err


def test_a_withdrawn_example_is_named_with_the_revisions_it_is_in(run, coco, tmp_path):
    run("data", "import", coco, tmp_path / "store")
    done = run("data", "withdraw", tmp_path / "store", "1", "--json")
    assert done.json["earlier"] == {"1": ["r1"]}
    assert done.json["revision"]["examples"] == {"train": 1, "val": 1}
    again = run("data", "import", coco, tmp_path / "store", "--json")
    assert again.json["revision"]["id"] == "r2"  # Nothing new: the example stays out.


def test_a_changed_store_is_noticed(run, coco, tmp_path):
    run("data", "import", coco, tmp_path / "store")
    assert run("data", "verify", tmp_path / "store").code == 0
    next((tmp_path / "store" / "media").rglob("*.png")).write_bytes(b"x")
    assert run("data", "verify", tmp_path / "store").code == 1


def test_losses_are_told_without_writing(run, coco, tmp_path):
    options = ("--format", "voc", "--dry-run", "--json")
    done = run("data", "export", coco, tmp_path / "out", *options)
    assert done.json["written"] is False
    assert {"what": "parents of categories", "times": 1} in done.json["lost"]
    assert not (tmp_path / "out").exists()
    done = run("data", "export", coco, tmp_path / "out", "--format", "voc", "--strict")
    assert done.code == 2
    assert "would lose 1 parents of categories" in done.err


def test_formats_are_listed(run):
    assert "CVAT for images" in run("data", "formats").out
    ids = [one["id"] for one in run("data", "formats", "--json").json["formats"]]
    assert {"coco", "voc", "yolo", "webdataset", "idx"} <= set(ids)


def test_fetching_asks_nobody_who_is_not_allowed(run, tmp_path):
    (tmp_path / "list.csv").write_text("url\nhttps://example.org/1.png\n")
    options = ("--allow", "example.com")
    done = run("data", "fetch", tmp_path / "list.csv", tmp_path / "got", *options)
    assert done.code == 2
    assert "example.org: is not among the allowed hosts" in done.err
