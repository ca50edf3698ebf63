from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from heldout.datasets.tables import format_of
from heldout.errors import Problems


def problems_of(path: Path) -> list[str]:
    problems = Problems()
    assert format_of(path.suffix).read(path, problems) is None
    return [str(problem) for problem in problems]


def test_a_table_comes_back_and_names_its_rows(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": [["x"], None], "c": [{"d": 1}, None]})
    frame.write_parquet(tmp_path / "t[1].parquet")
    table = format_of(".PARQUET").read(tmp_path / "t[1].parquet", Problems())
    assert table.frame.equals(frame)
    assert table.place(1) == "row 2"


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame({"a": [1, 2]}).write_parquet(path)
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        assert problems_of(path) == [
            "t.parquet: not a readable Parquet file; it may be cut short; write it again"
        ]


def test_every_column_that_is_there_twice_is_named(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array([1])] * 5, ["n", "m", "n", "m", "k"])
    pq.write_table(table, tmp_path / "t.parquet")
    assert problems_of(tmp_path / "t.parquet") == [
        't.parquet: the column "n" is there 2 times; keep one, or rename it',
        't.parquet: the column "m" is there 2 times; keep one, or rename it',
    ]
