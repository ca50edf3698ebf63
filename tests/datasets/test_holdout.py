import re
import stat
import zlib
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from heldout.datasets import holdout
from heldout.datasets.holdout import hold_out
from heldout.datasets.images import check_image
from heldout.datasets.manifest import read_manifest
from heldout.datasets.readers import read_examples
from heldout.datasets.splits import Splits, Stratified, given_splits, split
from heldout.datasets.table import ExampleTable
from heldout.datasets.tasks import find_task
from heldout.errors import BadInput

Labelled = Callable[..., ExampleTable]
KEY = b"a key for tests"
HALVES = {"train": 0.5, "test": 0.5}


def marker(number: int) -> str:
    """An answer that occurs nowhere by accident."""
    return f"answer{zlib.crc32(str(number).encode()):08x}"


@pytest.fixture
def marked(tmp_path: Path) -> Splits:
    """40 images whose folder, file name, text, EXIF, time and metadata all say their answer."""
    rows = []
    for number in range(40):
        path = tmp_path / "raw" / marker(number) / f"{marker(number)}.png"
        path.parent.mkdir(parents=True)
        text = PngInfo()
        text.add_text("label", marker(number), zip=number % 2 == 0)
        tags = Image.Exif()
        tags[0x010E] = marker(number)
        shade = Image.new("RGB", (8, 8), (number, 2 * number, 255 - number))
        shade.save(path, pnginfo=text, exif=tags)
        rows.append(
            {
                "example_id": f"{number:03d}",
                "image": path.relative_to(tmp_path / "raw").as_posix(),
                "reference": marker(number),
                "seen_by": f"expert who said {marker(number)}",
                "weather": "sun" if number % 3 else "rain",
            }
        )
    task = find_task("image-classification")
    table = ExampleTable(pl.DataFrame(rows), task, root=tmp_path / "raw")
    fractions = {"train": 0.4, "val": 0.3, "test": 0.3}
    return split(table, fractions=fractions, seed=0, by=Stratified("weather"))


def publish(splits: Splits, tmp_path: Path, **options: object) -> tuple[Path, Path]:
    data, answers = tmp_path / "c" / "data", tmp_path / "c" / "answers"
    arguments = {"held_out": ["val", "test"], "key": KEY, **options}
    hold_out(splits, data=data, answers=answers, **arguments)
    return data, answers


def refusal(splits: Splits, tmp_path: Path, **options: object) -> list[str]:
    with pytest.raises(BadInput) as caught:
        publish(splits, tmp_path, **options)
    assert not (tmp_path / "c" / "data").exists()
    assert not (tmp_path / "c" / "answers").exists()
    return [str(problem) for problem in caught.value.problems]


def everything_in(path: Path) -> bytes:
    """All bytes of a file, and what they say once uncompressed."""
    found = [path.as_posix().encode(), path.read_bytes()]
    if path.suffix == ".parquet":
        file = pq.ParquetFile(path)
        found += [repr(file.metadata.to_dict()).encode(), repr(file.schema_arrow.metadata).encode()]
        found.append(repr(file.read().to_pylist()).encode())
        pq.write_table(
            file.read(), path.with_suffix(".plain"), compression="none", use_dictionary=False
        )
        found.append(path.with_suffix(".plain").read_bytes())
        path.with_suffix(".plain").unlink()
    if path.suffix == ".png":
        image = Image.open(path)
        found.append(repr((image.info, dict(image.getexif()))).encode())
    return b"\n".join(found)


@pytest.mark.parametrize("new_ids", [False, True])
def test_no_answer_of_a_held_out_split_is_anywhere_in_the_public_tree(
    marked: Splits, tmp_path: Path, new_ids: bool
) -> None:
    data, _ = publish(marked, tmp_path, public=["weather"], new_ids=new_ids)
    secrets = [*marked["val"].frame["reference"], *marked["test"].frame["reference"]]
    public = b"\n".join(everything_in(path) for path in sorted(data.rglob("*")) if path.is_file())
    assert len(secrets) == 24
    assert [answer for answer in secrets if answer.encode() in public] == []
    # The search itself works: the answers of the open split are found.
    assert all(answer.encode() in public for answer in marked["train"].frame["reference"])


def test_the_two_trees_have_what_they_should_and_no_more(marked: Splits, tmp_path: Path) -> None:
    data, answers = publish(marked, tmp_path, public=["weather"])
    assert sorted(path.name for path in data.iterdir()) == [
        "manifest.json",
        "media",
        "test.parquet",
        "train.parquet",
        "val.parquet",
    ]
    assert sorted(path.name for path in answers.iterdir()) == [
        "manifest.json",
        "originals.parquet",
        "test.parquet",
        "val.parquet",
    ]
    columns = {p.name: pl.read_parquet(p).columns for p in [*data.glob("*.parquet")]}
    assert columns == {
        "train.parquet": ["example_id", "image", "reference", "seen_by", "weather"],
        "val.parquet": ["example_id", "image", "weather"],
        "test.parquet": ["example_id", "image", "weather"],
    }
    assert pl.read_parquet(answers / "test.parquet").columns == [
        "example_id",
        "reference",
        "seen_by",
    ]


def test_answers_belong_to_the_public_ids(marked: Splits, tmp_path: Path) -> None:
    data, answers = publish(marked, tmp_path, new_ids=True)
    shown, hidden = (
        pl.read_parquet(data / "test.parquet"),
        pl.read_parquet(answers / "test.parquet"),
    )
    assert shown["example_id"].to_list() == hidden["example_id"].to_list()
    originals = pl.read_parquet(answers / "originals.parquet")
    joined = hidden.join(originals, on="example_id").sort("original_id")
    expected = marked["test"].frame.sort("example_id")
    assert joined["reference"].to_list() == expected["reference"].to_list()
    assert joined["original_path"].to_list() == expected["image"].to_list()
    assert not set(shown["example_id"]) & set(marked["test"].ids)


def test_images_are_named_by_content_and_can_be_read_back(marked: Splits, tmp_path: Path) -> None:
    data, _ = publish(marked, tmp_path)
    table = read_examples(data / "train.parquet", task=find_task("image-classification"))
    assert all(check_image(path) is None for path in table.media_paths())
    for path in (data / "media").iterdir():
        assert re.fullmatch(r"[0-9a-f]{64}\.png", path.name)


def test_rows_are_ordered_by_public_ids_and_not_by_answers(
    labelled: Labelled, tmp_path: Path
) -> None:
    table = labelled(
        example_id=[f"{n:016x}" for n in range(1000, 1060)],
        reference=["a", "b", "c"] * 20,
        x=range(60),
    )
    splits = split(table, fractions=HALVES, seed=0)
    forwards, _ = publish(splits, tmp_path / "1", held_out=["test"], public=["x"])
    backwards = given_splits(
        {name: part.take(range(len(part) - 1, -1, -1)) for name, part in splits.parts.items()}
    )
    again, _ = publish(backwards, tmp_path / "2", held_out=["test"], public=["x"])
    first, second = (
        pl.read_parquet(forwards / "test.parquet"),
        pl.read_parquet(again / "test.parquet"),
    )
    assert first.equals(second)
    assert first["example_id"].to_list() != sorted(first["example_id"])


def test_dates_of_files_tell_nothing(marked: Splits, tmp_path: Path) -> None:
    data, _ = publish(marked, tmp_path)
    assert len({path.stat().st_mtime for path in [data, *data.rglob("*")]}) == 1


def test_answers_can_be_read_by_their_owner_only(marked: Splits, tmp_path: Path) -> None:
    data, answers = publish(marked, tmp_path)
    assert stat.S_IMODE(answers.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in answers.iterdir()} == {0o600}
    assert stat.S_IMODE((data / "train.parquet").stat().st_mode) == 0o644


def test_both_trees_verify_and_the_public_manifest_has_no_hash_of_answers(
    marked: Splits, tmp_path: Path
) -> None:
    data, answers = publish(marked, tmp_path)
    manifest = read_manifest(data)
    assert manifest.verify(data) == []
    assert read_manifest(answers).verify(answers) == []
    assert manifest.examples == {"train": 16, "val": 12, "test": 12}
    assert not set(manifest.files.values()) & set(read_manifest(answers).files.values())


def test_without_a_key_new_ids_differ_each_time(marked: Splits, tmp_path: Path) -> None:
    one, _ = publish(marked, tmp_path / "1", new_ids=True, key=None)
    two, _ = publish(marked, tmp_path / "2", new_ids=True, key=None)
    ids = [set(pl.read_parquet(data / "test.parquet")["example_id"]) for data in (one, two)]
    assert not ids[0] & ids[1]


def test_a_public_column_that_tells_the_answer_is_refused(marked: Splits, tmp_path: Path) -> None:
    said = refusal(marked, tmp_path, public=["seen_by"])
    assert said == [
        f'split "{name}", column "seen_by": contains the held-out answer; '
        "keep the column back, or declare that it is meant to be known"
        for name in ("test", "val")
    ]
    publish(marked, tmp_path, public=["seen_by"], trusted=["seen_by"])


def test_all_that_is_wrong_with_the_names_is_said_at_once(marked: Splits, tmp_path: Path) -> None:
    said = refusal(marked, tmp_path, held_out=["tset"], public=["wether"])
    assert said == [
        'held out: there is no split "tset"; did you mean "test"?',
        'public columns: there is no column "wether"; did you mean "weather"?',
    ]
    assert refusal(marked, tmp_path, held_out=[])[0].startswith("held out: no split is named")


def test_a_split_without_references_cannot_be_held_out(labelled: Labelled, tmp_path: Path) -> None:
    splits = split(labelled(x=[1, 2, 3, 4]), fractions=HALVES, seed=0)
    said = refusal(splits, tmp_path, held_out=["test"])
    assert said == ['split "test": has no references to hold out; label it first']


def test_folders_in_use_and_answers_inside_the_data_are_refused(
    marked: Splits, tmp_path: Path
) -> None:
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").touch()
    with pytest.raises(BadInput) as caught:
        hold_out(
            marked, held_out=["test"], data=tmp_path / "used", answers=tmp_path / "used" / "answers"
        )
    assert [problem.message for problem in caught.value.problems] == [
        "is in use",
        f"and {tmp_path / 'used'} are one inside the other",
    ]


@pytest.mark.parametrize("failing", ["_write_public", "_write_answers", "describe", "sync_tree"])
def test_a_failure_half_way_leaves_nothing_behind(
    marked: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(holdout, failing, fail)
    with pytest.raises(OSError, match="no space left"):
        publish(marked, tmp_path)
    assert list((tmp_path / "c").iterdir()) == []


def test_if_the_data_cannot_take_their_place_the_answers_do_not_either(
    marked: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace

    def refuse_data(self: Path, target: Path) -> Path:
        if target.name == "data":
            raise OSError("somebody was quicker")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refuse_data)
    with pytest.raises(OSError, match="quicker"):
        publish(marked, tmp_path)
    assert list((tmp_path / "c").iterdir()) == []
