"""What every format must do: hold what it says it holds, and say what it does not."""

from collections.abc import Callable, Collection
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from heldout.datasets.annotations import DataSet
from heldout.datasets.formats import FORMATS, losses, read_dataset, recognise, write_dataset
from heldout.datasets.formats.format import EVERYTHING, Format, Trait
from heldout.errors import BadInput, Problems
from tests.datasets.formats.conftest import maker, shown

Make = Callable[[Collection[Trait]], DataSet]
each_format = pytest.mark.parametrize("one", FORMATS.values(), ids=list(FORMATS))

COMPUTED_BOXES = {"labelme", "cvat", "label-studio"}  # Of keypoints or polygons.


class Exported(NamedTuple):
    """A data set, the folder it was written to, and what was read from there."""

    dataset: DataSet
    folder: Path
    again: DataSet


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Format], Exported]:
    """Write a data set of all that a format holds, and read it again: once per format."""

    @cache
    def write(one: Format) -> Exported:
        root = tmp_path_factory.mktemp(one.id)
        (root / "scratch").mkdir()
        dataset = maker(root)(one.holds)
        write_dataset(dataset, root / "out", format_id=one.id)
        return Exported(dataset, root / "out", read_dataset(root / "out", scratch=root / "scratch"))

    return write


def comparable(dataset: DataSet, one: Format) -> dict[bytes, tuple[object, ...]]:
    """What the format is expected to give back."""
    kept = shown(dataset)
    for _, made in kept.values():
        for row in made:
            row.pop("area", None)  # The geometry tells it.
            if one.id in COMPUTED_BOXES and "keypoints" in row:
                for name in ("x0", "y0", "x1", "y1"):
                    row.pop(name)
            if one.id == "label-studio" and row.get("origin") == "human":
                row.pop("origin")
    return kept


@each_format
def test_what_a_format_holds_comes_back(
    one: Format, exported: Callable[[Format], Exported]
) -> None:
    dataset, _, again = exported(one)
    assert comparable(again, one) == comparable(dataset, one)


@each_format
def test_a_written_data_set_is_recognised(
    one: Format, exported: Callable[[Format], Exported]
) -> None:
    assert recognise(exported(one).folder).id == one.id


@each_format
def test_nothing_is_lost_of_what_a_format_holds(one: Format, make: Make) -> None:
    told = {loss.trait for loss in losses(make(one.holds), one.id)}
    assert told <= {Trait.IDS, Trait.NUMBERS, Trait.ORIGINS, Trait.ATTRIBUTES, Trait.LOOSE_EXAMPLES}
    assert Trait.IDS in one.holds or Trait.IDS in told


@each_format
def test_ids_come_back_where_they_are_held(
    one: Format, exported: Callable[[Format], Exported]
) -> None:
    again = exported(one).again
    same = sorted(again.examples["example_id"]) == ["a", "b", "c", "d"]
    assert same == (Trait.IDS in one.holds)


@each_format
def test_categories_keep_what_the_format_holds(
    one: Format, exported: Callable[[Format], Exported]
) -> None:
    dataset, _, read = exported(one)
    again = {category.name: category for category in read.categories}
    for category in dataset.categories if again else ():
        if Trait.HIERARCHY in one.holds:
            assert again[category.name].parents == category.parents
        if Trait.NUMBERS in one.holds:
            assert again[category.name].number == category.number
        if Trait.KEYPOINTS in one.holds and one.id != "label-studio":
            assert len(again[category.name].keypoints) in (0, 3)


@each_format
def test_no_media_file_is_called_like_a_split(
    one: Format, exported: Callable[[Format], Exported]
) -> None:
    media = [
        path.stem
        for path in exported(one).folder.rglob("*")
        if path.suffix in (".png", ".jpg") and "panoptic" not in path.parent.name
    ]
    assert all(len(stem) >= 64 and set(stem) <= set("0123456789abcdef-") for stem in media)


@each_format
def test_everything_can_be_written_with_its_losses_told(
    one: Format, make: Make, tmp_path: Path
) -> None:
    dataset = make(EVERYTHING - {Trait.SEVERAL_LABELS})
    told = {loss.trait for loss in losses(dataset, one.id)}
    assert told >= {trait for trait in (Trait.CAPTIONS, Trait.SEGMENTS) if trait not in one.holds}
    write_dataset(dataset, tmp_path / "out", format_id=one.id)
    problems = Problems()
    (tmp_path / "scratch").mkdir()
    again = read_dataset(tmp_path / "out", scratch=tmp_path / "scratch", problems=problems)
    assert len(again) == 4
    assert not problems


@each_format
def test_a_folder_in_use_is_not_written_into(one: Format, make: Make, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is there already"):
        write_dataset(make(one.holds), tmp_path, format_id=one.id)


@each_format
def test_nothing_is_left_where_writing_fails(one: Format, make: Make, tmp_path: Path) -> None:
    dataset = make(one.holds)
    (tmp_path / "0.png").write_bytes(b"")
    with pytest.raises(OSError, match=r"cannot identify|truncated|0\.png"):
        write_dataset(dataset, tmp_path / "out", format_id=one.id)
    assert {path.name for path in tmp_path.iterdir()} == {f"{number}.png" for number in range(4)}
