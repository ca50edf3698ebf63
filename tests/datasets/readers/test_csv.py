from pathlib import Path

import pytest

from heldout.datasets.kinds import Kind
from heldout.datasets.readers import read_examples
from heldout.datasets.table import ExampleTable
from heldout.datasets.tasks import find_task
from heldout.errors import BadInput

TABULAR = find_task("tabular-classification")


def read(tmp_path: Path, content: str | bytes, **options: object) -> ExampleTable:
    path = tmp_path / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_examples(path, task=TABULAR, **options)


def refusal(tmp_path: Path, content: str | bytes, **options: object) -> list[str]:
    with pytest.raises(BadInput) as caught:
        read(tmp_path, content, **options)
    return [str(problem) for problem in caught.value.problems]


def test_a_byte_order_mark_and_windows_line_ends_are_no_trouble(tmp_path: Path) -> None:
    table = read(tmp_path, b"\xef\xbb\xbfexample_id,age\r\na,3\r\n\r\nb,4\r\n")
    assert table.frame.rows() == [("a", 3), ("b", 4)]


def test_faults_of_lines_and_of_rows_are_told_together(tmp_path: Path) -> None:
    said = refusal(tmp_path, b'example_id,note\na,"two\nlines"\nb\nc,caf\xe9\na,again\nd,"open')
    assert said == [
        "t.csv line 4: 1 field where the header has 2; "
        'put a field with a comma or a line break into double quotes ("…")',
        "t.csv line 5: byte 6 is not UTF-8; save the file as UTF-8",
        "t.csv line 7: a quotation mark is not closed; close it, or double it",
        't.csv line 6: repeats the id "a" of t.csv line 2',
    ]


def test_a_hundred_faults_are_told_and_the_others_counted(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("example_id,note\n" + "a\n" * 250)
    with pytest.raises(BadInput) as caught:
        read_examples(tmp_path / "t.csv", task=TABULAR)
    assert len(caught.value.problems) == 100
    assert caught.value.unlisted >= 150


def test_names_of_columns_must_be_plain(tmp_path: Path) -> None:
    said = refusal(tmp_path, "example_id,a\x07b\na,1\n")
    assert said == ["columns: the name 'a\\x07b' contains control characters; rename it"]


def test_a_column_without_a_name_is_called_by_its_place(tmp_path: Path) -> None:
    table = read(tmp_path, ",age\n0,3\n1,4\n", id_column="column_1")
    assert table.frame.columns == ["example_id", "age"]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "-20", ""], Kind.INTEGER),
        (["007", "12"], Kind.TEXT),
        (["1", "2.5e3"], Kind.NUMBER),
        (["1", "two"], Kind.TEXT),
        (["true", "FALSE"], Kind.TRUTH),
        (["2026-01-31", ""], Kind.DATE),
        (["2026-01-31T10:00+02:00"], Kind.TIME),
        (["a|b"], Kind.TEXT),
        (["", ""], Kind.TEXT),
    ],
)
def test_the_kind_of_a_column_is_the_narrowest_that_fits_all_cells(
    tmp_path: Path, cells: list[str], kind: Kind
) -> None:
    rows = "".join(f"e{row},{cell}\n" for row, cell in enumerate(cells))
    assert read(tmp_path, f"example_id,value\n{rows}").kinds == {"value": kind}


def test_a_declared_kind_makes_every_other_cell_a_problem(tmp_path: Path) -> None:
    content = "example_id,age,day\na,3,2026-02-30\nb,old,2026-02-28\n"
    said = refusal(tmp_path, content, columns={"age": Kind.INTEGER, "day": Kind.DATE})
    assert said == [
        't.csv line 3, column "age": "old" is not an integer; '
        "write a whole number, or leave the cell empty where it is unknown",
        't.csv line 2, column "day": "2026-02-30" is not a date; write it as 2026-01-31',
    ]


def test_a_declared_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    said = refusal(tmp_path, "example_id,tags\na,x|y\n", columns={"tag": Kind.TEXTS})
    assert said == ['columns: there is no column "tag"; did you mean "tags"?']


def test_times_are_kept_in_utc(tmp_path: Path) -> None:
    table = read(tmp_path, "example_id,at\na,2026-01-31T10:00+02:00\nb,2026-01-31 09:00\n")
    assert [moment.hour for moment in table.frame["at"]] == [8, 9]
