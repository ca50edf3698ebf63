"""CSV against Python's own module `csv`, which reads one field after the other."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from heldout.datasets.tables import format_of
from heldout.errors import Problems

PIECES = st.sampled_from(
    [
        b"a",
        b"b",
        b" ",
        b",",
        b",",
        b'"',
        b'"',
        b'""',
        b"\n",
        b"\n",
        b"\r\n",
        b"\r",
        b"\0",
        b"\xc3\xa9",
    ]
)


def rows_and_lines(data: bytes) -> tuple[list[list[str | None]], list[int]]:
    """Read strictly; rows are as long as the header, or else none of this is called sound."""
    reader = csv.reader(io.StringIO(data.decode(), newline=""), strict=True)
    rows, lines, line = [], [], 1
    for row in reader:
        if any(row):
            rows.append([cell or None for cell in row])
            lines.append(line)
        line = reader.line_num + 1
    if not rows or {len(row) for row in rows} != {len(rows[0])}:
        raise csv.Error
    return rows, lines


@settings(max_examples=300)
@given(body=st.lists(PIECES, max_size=24).map(b"".join), width=st.integers(1, 3))
@example(body=b'1\n"",""\n,\n2,"x\r\ny"\r\n', width=2)
@example(body=b'"a,b"\n,\n\n', width=2)
@example(body=b"a\n,,", width=2)
@example(body=b"a,", width=1)
@example(body=b",a,", width=2)
@example(body=b',"a,b"\n\n1\n', width=3)
def test_a_file_is_read_as_python_reads_it_or_refused_as_python_refuses_it(
    body: bytes, width: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("t") / "t.csv"
    data = ",".join(f"c{number}" for number in range(width)).encode() + b"\n" + body
    path.write_bytes(data)
    problems = Problems()
    table = format_of(".csv").read(path, problems)
    try:
        (_, *rows), (_, *lines) = rows_and_lines(data)
    except csv.Error:
        assert problems
        return
    assert not problems, str(list(problems))
    assert [list(row) for row in table.frame.rows()] == rows
    assert [table.place(row) for row in range(len(rows))] == [f"line {line}" for line in lines]


def problems_of(path: Path, content: bytes) -> list[str]:
    path.write_bytes(content)
    problems = Problems()
    format_of(path.suffix).read(path, problems)
    return [str(problem) for problem in problems]


def test_every_fault_of_a_file_is_told_and_the_rows_between_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b'a,b\n1,2\n3\n"4"5,6\n7,8\n\xe9,9\n10,11,12\n13,"14')
    problems = Problems()
    table = format_of(".csv").read(path, problems)
    fields = 'put a field with a comma or a line break into double quotes ("…")'
    assert [str(problem) for problem in problems] == [
        f"line 3: 1 field where the header has 2; {fields}",
        "line 4: a quoted field goes on after its closing quotation mark; double marks within it",
        "line 6: byte 1 is not UTF-8; save the file as UTF-8",
        f"line 7: 3 fields where the header has 2; {fields}",
        "line 8: a quotation mark is not closed; close it, or double it",
    ]
    assert table.frame.rows() == [("1", "2"), ("7", "8"), ("\ufffd", "9")]
    assert [table.place(row) for row in range(3)] == ["line 2", "line 5", "line 6"]


@pytest.mark.parametrize("damage", [b"", b"3\n", b"x,\n\n"])
def test_many_rows_are_whole_with_and_without_a_closer_look(tmp_path: Path, damage: bytes) -> None:
    rows = 50_003
    content = b"a,b\n" + b"".join(b"%d,x\n" % row for row in range(rows)) + damage
    (tmp_path / "t.csv").write_bytes(content)
    table = format_of(".csv").read(tmp_path / "t.csv", Problems())
    assert table.frame["a"].to_list()[:rows] == [str(row) for row in range(rows)]


def test_names_are_stripped_and_made_up_where_there_are_none(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbf a ,,b\n1,2,3\n")
    table = format_of(".csv").read(tmp_path / "t.csv", Problems())
    assert table.frame.columns == ["a", "column_2", "b"]


def test_headers_that_cannot_be_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    assert problems_of(path, b"") == [
        "t.csv: the file is empty; the first line must name the columns"
    ]
    assert problems_of(path, b"a,b,a,b,a\n1,2,3,4,5\n") == [
        'line 1: the column "a" is there 3 times; keep one, or rename it',
        'line 1: the column "b" is there 2 times; keep one, or rename it',
    ]
    assert problems_of(path, b"a;b\n1;2\n") == [
        "line 1: the columns are not separated by commas; separate them by commas"
    ]
