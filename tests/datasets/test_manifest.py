import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from heldout.datasets.manifest import describe, read_manifest, record_split
from heldout.datasets.splits import ByTime, Grouped, Splits, Stratified, given_splits, split
from heldout.datasets.table import ExampleTable
from heldout.errors import BadInput

Labelled = Callable[..., ExampleTable]


@pytest.fixture
def splits(labelled: Labelled) -> Splits:
    table = labelled(label=["a", "b"] * 10)
    return split(table, fractions={"train": 0.5, "test": 0.5}, seed=7, by=Stratified("label"))


@pytest.fixture
def folder(tmp_path: Path, splits: Splits) -> Path:
    (tmp_path / "data" / "media").mkdir(parents=True)
    (tmp_path / "data" / "train.csv").write_text("one")
    (tmp_path / "data" / "media" / "x").write_text("two")
    describe(tmp_path / "data", splits, held_out=["test"]).write(tmp_path / "data")
    return tmp_path / "data"


def test_it_says_how_the_split_was_made_and_what_is_there(folder: Path) -> None:
    manifest = read_manifest(folder)
    assert msgspec.to_builtins(manifest.split) == {
        "method": "stratified",
        "seed": 7,
        "fractions": {"train": 0.5, "test": 0.5},
        "column": "label",
    }
    assert manifest.examples == {"train": 10, "test": 10}
    assert manifest.held_out == ["test"]
    assert manifest.files == {
        "train.csv": hashlib.sha256(b"one").hexdigest(),
        "media/x": hashlib.sha256(b"two").hexdigest(),
    }
    assert manifest.verify(folder) == []


def test_every_file_that_changed_went_or_came_is_named(folder: Path) -> None:
    (folder / "train.csv").write_text("other")
    (folder / "media" / "x").unlink()
    (folder / "media" / "y").touch()
    said = [str(problem) for problem in read_manifest(folder).verify(folder)]
    assert said == [
        "media/x: is missing; copy it again from its source",
        "media/y: is not in the manifest; remove it",
        "train.csv: has changed; copy it again from its source",
    ]


def test_a_manifest_that_was_edited_says_so(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"seed": 7', '"seed": 8'))
    said = [str(problem) for problem in read_manifest(folder).verify(folder)]
    assert said == ["data/manifest.json: was altered: its content hash does not fit"]


def test_the_same_data_has_the_same_content_hash(folder: Path, splits: Splits) -> None:
    assert describe(folder, splits, held_out=["test"]).content == read_manifest(folder).content
    (folder / "train.csv").write_text("other")
    assert describe(folder, splits, held_out=["test"]).content != read_manifest(folder).content


def test_a_manifest_of_a_later_format_or_none_at_all_is_refused(folder: Path) -> None:
    path = folder / "manifest.json"
    later = path.read_text().replace('"format": 1', '"format": 2')
    for content, message in [
        (later, "has format 2; this version reads up to 1; update Heldout"),
        ("{}", "is not a manifest"),
        ("\xff", "is not a manifest"),
    ]:
        path.write_text(content, encoding="latin-1")
        with pytest.raises(BadInput, match=message):
            read_manifest(folder)
    path.unlink()
    with pytest.raises(BadInput, match="is not there"):
        read_manifest(folder)


def test_every_method_has_a_record(labelled: Labelled) -> None:
    table = labelled(person=list("abcd"), day=[1, 2, 3, 4])
    halves = {"train": 0.5, "test": 0.5}
    grouped = split(table, fractions=halves, seed=1, by=Grouped("person", unknown="alone"))
    assert msgspec.to_builtins(record_split(grouped))["options"] == {"unknown": "alone"}
    assert (
        record_split(split(table, fractions=halves, seed=1, by=ByTime("day"))).method == "by-time"
    )
    assert record_split(split(table, fractions=halves, seed=1)).method == "random"
    given = given_splits({"a": table.take([0]), "b": table.take([1])})
    assert msgspec.to_builtins(record_split(given)) == {"method": "given"}
