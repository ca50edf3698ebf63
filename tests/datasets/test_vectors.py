"""Numbers of each example from a file of their own."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from heldout.datasets.vectors import read_vectors
from heldout.errors import BadInput


def read(path: Path):
    return read_vectors(path, prefix="embedding_", listed="embedding")


def refusal(path: Path) -> list[str]:
    with pytest.raises(BadInput) as caught:
        read(path)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_columns_are_read_from_every_table_format(tmp_path: Path, suffix: str) -> None:
    frame = pl.DataFrame(
        {"example_id": ["b", "a"], "embedding_0": [1.5, -2.0], "embedding_1": [0.0, 3.25]}
    )
    write = {".csv": "write_csv", ".parquet": "write_parquet", ".jsonl": "write_ndjson"}[suffix]
    getattr(frame, write)(tmp_path / f"e{suffix}")
    found = read(tmp_path / f"e{suffix}")
    assert found.columns == ("0", "1")
    np.testing.assert_array_equal(found.of(["a", "b"]), [[-2.0, 3.25], [1.5, 0.0]])


def test_lists_are_read(tmp_path: Path) -> None:
    frame = pl.DataFrame({"example_id": ["a", "b"], "embedding": [[1.0, 2.0], [3.0, 4.0]]})
    frame.write_parquet(tmp_path / "e.parquet")
    np.testing.assert_array_equal(read(tmp_path / "e.parquet").values, [[1, 2], [3, 4]])


def test_all_faults_come_at_once_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_text("example_id,embedding_0,embedding_1\na,1,x\na,inf,2\n,3,4\n")
    assert refusal(path) == [
        "e.csv line 4: no example_id",
        'e.csv line 3: the example "a" was there before',
        "e.csv line 3: embedding_0 is 'inf', which is no finite number",
        "e.csv line 2: embedding_1 is 'x', which is no finite number",
    ]


def test_lists_of_unequal_length_or_with_holes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    rows = ("a", "[1, 2]"), ("b", "[1]"), ("c", "[3, 4]")
    lines = [f'{{"example_id": "{name}", "embedding": {numbers}}}' for name, numbers in rows]
    path.write_text("\n".join(lines) + "\n")
    assert refusal(path) == ["e.jsonl line 2: 1 numbers, not 2 as usual"]
    path.write_text('{"example_id": "a", "embedding": [1, null]}\n')
    assert refusal(path) == ["e.jsonl line 1: holds something that is no finite number"]


def test_a_file_without_ids_or_numbers_is_refused(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("id,x\na,1\n")
    assert refusal(tmp_path / "e.csv") == [
        'e.csv: there is no column "example_id"',
        'e.csv: holds no numbers of examples; name columns "embedding_…", or one column of lists '
        '"embedding"',
    ]
    assert "is no table format" in refusal(tmp_path / "e.npy")[0]


def test_examples_without_a_row_are_named(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("example_id,embedding_0\na,1\n")
    with pytest.raises(BadInput, match=r"has no row for 2 of 3 examples \(b, c\)"):
        read(tmp_path / "e.csv").of(["a", "b", "c"])
