"""JSON Lines against Python's own module `json`."""

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heldout.datasets.tables import Table, format_of
from heldout.errors import Problems


def read(path: Path, *lines: str | bytes) -> tuple[Table | None, list[str]]:
    encoded = [line if isinstance(line, bytes) else line.encode() for line in lines]
    path.write_bytes(b"\n".join(encoded))
    problems = Problems()
    return format_of(".jsonl").read(path, problems), [str(problem) for problem in problems]


CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**62), 2**62), st.text(max_size=4), st.floats()
)
ROWS = st.lists(st.dictionaries(st.sampled_from("abc"), CELLS), min_size=1, max_size=5)


@settings(max_examples=100)
@given(rows=ROWS)
def test_cells_come_back_as_python_wrote_them(
    rows: list[dict[str, object]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    table, said = read(tmp_path_factory.mktemp("t") / "t.jsonl", *map(json.dumps, rows))
    assert not said
    for name in table.frame.columns:
        cells = [row.get(name) for row in rows]
        if name in table.mixed:
            assert repr(list(table.mixed[name])) == repr(cells)
        else:
            numbers = table.frame[name].dtype == pl.Float64
            given_cells = [float(c) if numbers and c is not None else c for c in cells]
            assert repr(table.frame[name].to_list()) == repr(given_cells)


def test_every_fault_of_a_file_is_told_and_the_lines_between_are_read(tmp_path: Path) -> None:
    table, said = read(
        tmp_path / "t.jsonl",
        '\ufeff{"a": 1}',
        "",
        "[1]",
        '{"a": ',
        '{"a": 1, "b"  : 2, "b"\t: 3}',
        '{"a": 1, "\\u0061": 2}',
        '{"a": {"x": 1, "x": 2}}',
        b'{"a": "\xff"}',
        '{"a": "\\ud800"}',
        '{"a": ' + "[" * 100_000,
        '{"a": NaN}',
    )
    assert said == [
        'line 3: not a JSON object; write {"example_id": …, …}',
        "line 4: not valid JSON: Expecting value (character 6); write one object a line",
        'line 5: the key "b" is there 2 times; keep one',
        'line 6: the key "a" is there 2 times; keep one',
        'line 7: the key "x" is there 2 times; keep one',
        "line 8: byte 8 is not UTF-8; save the file as UTF-8",
        "line 9: holds half of a surrogate pair, which is no text; mend it",
        "line 10: nested too deeply",
    ]
    assert str(table.frame["a"].to_list()) == "[1.0, nan]"
    assert [table.place(row) for row in (0, 1)] == ["line 1", "line 11"]


def test_columns_of_several_types_are_kept_as_they_are_and_read_as_text(tmp_path: Path) -> None:
    table, _ = read(
        tmp_path / "t.jsonl",
        f'{{"id": 7, "big": {2**63}, "list": [1], "object": {{"k": 1}}}}',
        '{"id": "8", "big": 1, "list": "high", "object": null}',
    )
    assert table.mixed == {
        "id": [7, "8"],
        "big": [2**63, 1],
        "list": [[1], "high"],
        "object": [{"k": 1}, None],
    }
    assert table.frame.to_dict(as_series=False) == {
        "id": ["7", "8"],
        "big": [str(2**63), "1"],
        "list": [["1"], None],
        "object": ['{"k":1}', None],
    }


def test_a_file_of_blank_lines_has_no_rows(tmp_path: Path) -> None:
    table, said = read(tmp_path / "t.jsonl", "", " ", "\t\r")
    assert table is None
    assert said == ["t.jsonl: the file has no rows; write one JSON object per line"]
