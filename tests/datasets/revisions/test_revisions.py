from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from heldout.datasets.annotations import Category, DataSet, Kind, annotation_frame
from heldout.datasets.media import content_hash
from heldout.datasets.revisions import Store, diff
from heldout.errors import BadInput

Paint = Callable[..., Path]
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def animals(tmp_path: Path, paint: Paint) -> DataSet:
    """Four images, three with a box."""
    for number in range(4):
        paint(tmp_path / "photos" / f"{number}.png", seed=number)
    return DataSet(
        examples=pl.DataFrame(
            {
                "example_id": list("abcd"),
                "image": [f"{number}.png" for number in range(4)],
                "split": ["train", "train", "val", "val"],
                "city": ["Graz", "Linz", None, "Graz"],
                "tags": [["x"], [], None, ["x", "y"]],
            }
        ),
        annotations=annotation_frame(
            {
                "example_id": list("abc"),
                "annotation_id": ["1", "2", "3"],
                "kind": [Kind.OBJECT] * 3,
                "category": ["cat"] * 3,
                "x0": [0.5, 1, 1],
                "y0": [0, 0, 0],
                "x1": [2, 2, 3],
                "y1": [3, 3, 3],
                "polygons": [None, [[0.0, 0.0, 1.0, 0.0, 1.0, 1.0]], None],
            }
        ),
        categories=(Category("cat"),),
        root=tmp_path / "photos",
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_a_revision_comes_back_as_it_was(animals: DataSet, store: Store) -> None:
    revision = store.commit(animals, notes="first", now=NOW)
    assert (revision.id, revision.parent, revision.notes) == ("r1", None, "first")
    assert revision.examples == {"train": 2, "val": 2}
    assert revision.annotations == {"object": 3}
    assert revision.media == 4
    again = store.load()
    assert_frame_equal(again.annotations, animals.annotations)
    assert_frame_equal(again.examples.drop("image"), animals.examples.drop("image"))
    for path, source in zip(again.media_paths(), animals.media_paths(), strict=True):
        assert path is not None
        assert source is not None
        assert path.read_bytes() == source.read_bytes()
        assert path.stem == content_hash(source)


def test_an_earlier_revision_stays_as_it_was(animals: DataSet, store: Store) -> None:
    store.commit(animals, now=NOW)
    second = store.commit(animals.part("train"), notes="only train", now=NOW + timedelta(days=1))
    assert (second.id, second.parent) == ("r2", "r1")
    assert (len(store.load("r1")), len(store.load())) == (4, 2)
    assert [one.id for one in store.history()] == ["r1", "r2"]
    assert store.revision(second.content[:8]) == second


def test_nothing_new_makes_no_revision(animals: DataSet, store: Store) -> None:
    first = store.commit(animals, now=NOW)
    assert store.commit(store.load(), now=NOW + timedelta(days=1)) == first
    assert len(store.history()) == 1


def test_a_medium_is_kept_once(animals: DataSet, store: Store) -> None:
    store.commit(animals, now=NOW)
    store.commit(animals.part("train"), now=NOW)
    assert len(list((store.folder / "media").rglob("*.png"))) == 4


def test_a_wrong_ending_is_put_right(animals: DataSet, store: Store, paint: Paint) -> None:
    path = animals.media_paths()[0]
    assert path is not None
    jpeg = paint(path.with_name("x.jpg"))
    path.write_bytes(jpeg.read_bytes())
    store.commit(animals, now=NOW)
    assert store.load().examples["image"][0].endswith(".jpg")


def test_a_failure_leaves_no_revision(animals: DataSet, store: Store) -> None:
    path = animals.media_paths()[2]
    assert path is not None
    path.unlink()
    with pytest.raises(BadInput, match=r"2\.png: is not there"):
        store.commit(animals, now=NOW)
    assert store.history() == []
    assert not store.folder.exists()
    with pytest.raises(BadInput, match="holds no revisions"):
        store.load()


def test_changed_files_are_found(animals: DataSet, store: Store) -> None:
    store.commit(animals, now=NOW)
    assert store.verify() == []
    medium = store.load().media_paths()[1]
    assert medium is not None
    medium.write_bytes(b"other")
    assert [one.place for one in store.verify()] == [medium.name]
    (store.folder / "revisions" / "r1" / "examples.parquet").write_bytes(b"other")
    assert [str(one) for one in store.verify()] == [
        "r1/examples.parquet: has changed; restore it from a backup"
    ]


def test_an_unknown_revision_is_refused_with_those_there_are(
    animals: DataSet, store: Store
) -> None:
    store.commit(animals, now=NOW)
    with pytest.raises(BadInput, match='there is no revision "r9"; revisions: r1'):
        store.load("r9")


def test_what_is_withdrawn_stays_out_of_every_later_revision(
    animals: DataSet, store: Store
) -> None:
    store.commit(animals, now=NOW)
    store.withdraw(["b"], reason="asked by the person shown", now=NOW)
    second = store.commit(store.load(), now=NOW)
    assert (second.withdrawn, second.examples) == (1, {"train": 1, "val": 2})
    assert "b" not in store.load().annotations["example_id"].to_list()
    assert [one.id for one in store.holding("b")] == ["r1"]
    # The same picture under another name does not come back either.
    renamed = animals.examples.with_columns(pl.col("example_id") + "-new")
    fresh = replace(animals, examples=renamed, annotations=annotation_frame({}))
    third = store.commit(fresh, now=NOW)
    assert third.withdrawn == 1
    assert "b-new" not in store.load().examples["example_id"].to_list()


def test_withdrawing_what_never_was_is_refused(animals: DataSet, store: Store) -> None:
    store.commit(animals, now=NOW)
    with pytest.raises(BadInput, match="z: is in no revision"):
        store.withdraw(["a", "z"], now=NOW)
    assert store.withdrawals() == ()


def test_a_diff_tells_added_removed_changed_and_moved(animals: DataSet) -> None:
    examples = animals.examples.with_columns(
        split=pl.Series(["train", "val", "val", "val"]),
        city=pl.Series(["Wien", "Linz", None, "Graz"]),
        tags=pl.Series([["x"], [], None, ["y"]]),
    )
    new = examples.filter(pl.col("example_id") != "c").with_columns(
        pl.col("example_id").replace({"d": "d"})
    )
    extra = new.head(1).with_columns(pl.lit("e").alias("example_id"))
    annotations = animals.annotations.filter(pl.col("example_id") != "c").with_columns(
        pl.when(pl.col("annotation_id") == "2").then(2.5).otherwise("x1").alias("x1")
    )
    after = replace(
        animals,
        examples=pl.concat([new, extra]),
        annotations=annotations,
        categories=(Category("cat", parents=("pet",)), Category("dog")),
    )
    found = diff(animals, after)
    assert (found.added, found.removed) == (("e",), ("c",))
    assert found.moved.rows() == [("b", "train", "val")]
    assert {name: sorted(what) for name, what in found.changed.rows()} == {
        "a": ["city"],
        "d": ["tags"],
        "b": ["annotations"],
    }
    assert found.annotations == {"added": 0, "removed": 1, "changed": 1}
    assert found.categories == {"added": ["dog"], "removed": [], "changed": ["cat"]}
    assert found


def test_equal_data_sets_do_not_differ(animals: DataSet) -> None:
    assert not diff(animals, animals)


def test_a_diff_undone_is_its_mirror(animals: DataSet) -> None:
    part = animals.part("train")
    there, back = diff(animals, part), diff(part, animals)
    assert (there.removed, there.added) == (back.added, back.removed)
    assert there.annotations["removed"] == back.annotations["added"] == 1
