from pathlib import Path

import polars as pl
import pytest

from heldout.datasets import atomic
from heldout.datasets.atomic import make_folder, replacing, write_bytes
from heldout.datasets.writers import write_table
from heldout.errors import BadInput


def test_a_file_is_replaced_whole_with_its_mode(tmp_path: Path) -> None:
    write_bytes(tmp_path / "new" / "a", b"one")
    write_bytes(tmp_path / "new" / "a", b"two", mode=0o600)
    assert (tmp_path / "new" / "a").read_bytes() == b"two"
    assert (tmp_path / "new" / "a").stat().st_mode & 0o777 == 0o600


def test_each_new_folder_is_flushed_into_the_one_above_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[Path] = []
    monkeypatch.setattr(atomic, "sync", flushed.append)
    make_folder(tmp_path / "a" / "b", mode=0o700)
    make_folder(tmp_path / "a" / "b")
    assert flushed == [tmp_path, tmp_path / "a"]
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


def half_write(path: Path) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(b"half")
        raise OSError("disk is full")


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a", b"one")
    with pytest.raises(OSError, match="disk is full"):
        half_write(tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"one"


def test_a_list_that_csv_cannot_hold_is_refused_and_nothing_written(tmp_path: Path) -> None:
    frame = pl.DataFrame({"tags": [["a|b"], ["c"], [""]]})
    with pytest.raises(BadInput) as caught:
        write_table(frame, tmp_path / "t.csv")
    assert [problem.place for problem in caught.value.problems] == [
        'row 1, column "tags"',
        'row 3, column "tags"',
    ]
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(BadInput, match=r"end the name in \.csv, \.jsonl, \.parquet"):
        write_table(frame, tmp_path / "t.xlsx")
