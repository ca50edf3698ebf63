from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from heldout.datasets.kinds import Kind
from heldout.datasets.readers import read_examples
from heldout.datasets.tasks import find_task
from heldout.errors import BadInput

TABULAR = find_task("tabular-classification")


def refusal(path: Path) -> list[str]:
    with pytest.raises(BadInput) as caught:
        read_examples(path, task=TABULAR)
    return [str(problem) for problem in caught.value.problems]


def test_what_a_table_cannot_hold_is_named_with_its_type(tmp_path: Path) -> None:
    table = pa.table({"example_id": ["a"], "box": [{"x": 1}], "raw": [b"\xff"]})
    pq.write_table(table, tmp_path / "t.parquet")
    said = " ".join(refusal(tmp_path / "t.parquet"))
    assert 't.parquet, column "box": has the type Struct(' in said
    assert 'the column "raw" holds bytes that are no text' in said


def test_categories_small_numbers_and_other_zones_become_the_plain_kinds(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "example_id": pl.Series([1, 2], dtype=pl.UInt8),
            "reference": pl.Series(["x", "y"], dtype=pl.Categorical),
            "size": pl.Series([0.5, None], dtype=pl.Float32),
            "at": pl.Series(["2026-01-31T12:00:00", None]).str.to_datetime(
                time_zone="Europe/Berlin"
            ),
        }
    )
    frame.write_parquet(tmp_path / "t.parquet")
    table = read_examples(tmp_path / "t.parquet", task=TABULAR)
    assert table.ids == ["1", "2"]
    assert table.frame["reference"].dtype == pl.String
    assert table.kinds == {"size": Kind.NUMBER, "at": Kind.TIME}
    assert table.frame["at"][0].hour == 11


def test_labels_that_are_broken_numbers_are_refused(tmp_path: Path) -> None:
    pl.DataFrame({"example_id": ["a"], "reference": [1.5]}).write_parquet(tmp_path / "t.parquet")
    assert refusal(tmp_path / "t.parquet") == [
        't.parquet row 1, column "reference": "1.5" is not text; write it as text'
    ]


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(b"PAR1 and then nothing PAR1")
    assert refusal(tmp_path / "t.parquet") == [
        "t.parquet: not a readable Parquet file; it may be cut short; write it again"
    ]
