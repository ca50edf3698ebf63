"""What every reader of tables must do, whatever its format."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from heldout.datasets import readers
from heldout.datasets.kinds import Kind
from heldout.datasets.readers import RawTable, Reader, read_examples
from heldout.datasets.tasks import find_task
from heldout.datasets.writers import write_table
from heldout.errors import BadInput, Problems

SUFFIXES = [".csv", ".jsonl", ".parquet"]
FORMATS = pytest.mark.parametrize("suffix", SUFFIXES)
TABULAR = find_task("tabular-classification")

KINDS = {
    "text": Kind.TEXT,
    "count": Kind.INTEGER,
    "size": Kind.NUMBER,
    "flag": Kind.TRUTH,
    "day": Kind.DATE,
    "moment": Kind.TIME,
    "tags": Kind.TEXTS,
    "point": Kind.NUMBERS,
}
VALUES = {
    "text": ["zebra, or\nhorse", 'says "hi"', None],
    "count": [1, None, -(2**40)],
    "size": [0.1, 1e300, None],
    "flag": [True, False, None],
    "day": [date(2026, 1, 31), None, date(1970, 1, 1)],
    "moment": [datetime(2026, 1, 31, 12, 30, 1, 5, tzinfo=UTC), None, None],
    "tags": [["a", "b"], ["c"], None],
    "point": [[0.5, 2.0], None, [1.0]],
}


def frame_of(values: dict[str, list[object]], kinds: dict[str, Kind]) -> pl.DataFrame:
    rows = len(next(iter(values.values())))
    columns = [pl.Series(name, cells, dtype=kinds[name].dtype) for name, cells in values.items()]
    ids = pl.Series("example_id", [f"e{row}" for row in range(rows)])
    references = pl.Series("reference", ["cat" if row % 2 else "dog" for row in range(rows)])
    return pl.DataFrame([ids, references, *columns])


def read(
    path: Path, frame: pl.DataFrame, columns: dict[str, Kind] | None = None, **options: object
):
    write_table(frame, path)
    return read_examples(path, task=TABULAR, columns=columns, **options)


def problems_of(path: Path, **options: object) -> str:
    with pytest.raises(BadInput) as caught:
        read_examples(path, **{"task": TABULAR, **options})
    return str(caught.value)


@FORMATS
def test_a_table_comes_back_as_it_was_written(suffix: str, tmp_path: Path) -> None:
    frame = frame_of(VALUES, KINDS)
    table = read(tmp_path / f"t{suffix}", frame, KINDS)
    assert_frame_equal(table.frame, frame)
    assert table.kinds == KINDS
    assert table.classes == ("cat", "dog")


@FORMATS
def test_kinds_are_inferred_where_they_are_not_declared(suffix: str, tmp_path: Path) -> None:
    flat = {name: VALUES[name] for name in ("text", "count", "size", "flag", "day", "moment")}
    table = read(tmp_path / f"t{suffix}", frame_of(flat, KINDS))
    assert table.kinds == {name: KINDS[name] for name in flat}


# Text as files can hold it: no NUL, no lone surrogates.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@FORMATS
@settings(max_examples=50)
@given(cells=st.lists(st.none() | TEXT.filter(bool), min_size=1, max_size=8))
def test_any_text_comes_back_letter_for_letter(
    suffix: str, cells: list[str | None], tmp_path_factory: pytest.TempPathFactory
) -> None:
    frame = frame_of({"text": cells}, KINDS)
    table = read(tmp_path_factory.mktemp("t") / f"t{suffix}", frame, {"text": Kind.TEXT})
    assert_frame_equal(table.frame, frame)


@FORMATS
@settings(max_examples=50)
@given(cells=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=8))
def test_any_finite_number_comes_back_bit_for_bit(
    suffix: str, cells: list[float], tmp_path_factory: pytest.TempPathFactory
) -> None:
    frame = frame_of({"size": cells}, KINDS)
    table = read(tmp_path_factory.mktemp("t") / f"t{suffix}", frame, {"size": Kind.NUMBER})
    assert table.frame["size"].to_list() == cells


@FORMATS
def test_a_set_of_labels_is_a_list_in_every_format(
    suffix: str, tmp_path: Path, paint: Callable[..., Path]
) -> None:
    sets = [["x", "y"], [], ["z"]]
    names = [paint(tmp_path / f"{row}.png", seed=row).name for row in range(3)]
    frame = pl.DataFrame({"example_id": list("abc"), "image": names, "reference": sets})
    write_table(frame, tmp_path / f"t{suffix}")
    table = read_examples(tmp_path / f"t{suffix}", task=find_task("multi-label-classification"))
    assert table.frame["reference"].to_list() == sets
    assert table.classes == ("x", "y", "z")


@FORMATS
def test_ids_that_repeat_or_are_missing_are_all_named_with_their_place(
    suffix: str, tmp_path: Path
) -> None:
    frame = pl.DataFrame({"example_id": ["a", None, "a", "b\tc", " d"], "reference": ["x"] * 5})
    write_table(frame, tmp_path / f"t{suffix}")
    first = {".csv": "line 2", ".jsonl": "line 1", ".parquet": "row 1"}[suffix]
    said = problems_of(tmp_path / f"t{suffix}")
    assert "has no id" in said
    assert f'repeats the id "a" of t{suffix} {first}' in said
    assert "'b\\tc' contains control characters" in said
    assert '" d" begins or ends with a space' in said


@FORMATS
def test_an_unknown_class_is_met_with_the_nearest_declared_one(suffix: str, tmp_path: Path) -> None:
    frame = pl.DataFrame({"example_id": ["a", "b"], "reference": ["zebr", None]})
    write_table(frame, tmp_path / f"t{suffix}")
    said = problems_of(tmp_path / f"t{suffix}", classes=["horse", "zebra"])
    assert 'class "zebr" is not one of the 2 declared classes; did you mean "zebra"?' in said
    assert "has no reference" in said


@FORMATS
def test_a_column_that_is_not_there_is_met_with_the_ones_that_are(
    suffix: str, tmp_path: Path
) -> None:
    write_table(pl.DataFrame({"exampel_id": ["a"], "label": ["x"]}), tmp_path / f"t{suffix}")
    said = problems_of(tmp_path / f"t{suffix}", reference_column="lable")
    assert 'there is no column "example_id" (the id); did you mean "exampel_id"?' in said
    assert 'there is no column "lable" (the reference); did you mean "label"?' in said


@FORMATS
def test_columns_of_other_names_take_their_roles(suffix: str, tmp_path: Path) -> None:
    frame = pl.DataFrame({"key": ["a"], "label": ["x"], "age": [3]})
    write_table(frame, tmp_path / f"t{suffix}")
    table = read_examples(
        tmp_path / f"t{suffix}", task=TABULAR, id_column="key", reference_column="label"
    )
    assert table.frame.columns == ["example_id", "reference", "age"]


@FORMATS
def test_two_columns_for_one_role_are_refused(suffix: str, tmp_path: Path) -> None:
    frame = pl.DataFrame({"example_id": ["a"], "reference": ["x"], "label": ["y"]})
    write_table(frame, tmp_path / f"t{suffix}")
    said = problems_of(tmp_path / f"t{suffix}", reference_column="label")
    assert 'both "reference" and "label" would be the reference' in said


@FORMATS
def test_a_table_without_rows_is_refused(suffix: str, tmp_path: Path) -> None:
    empty = pl.DataFrame(schema={"example_id": pl.String, "reference": pl.String})
    write_table(empty, tmp_path / f"t{suffix}")
    said = problems_of(tmp_path / f"t{suffix}")
    assert "the file has no rows" in said or "there are no examples" in said


@FORMATS
def test_an_empty_file_is_refused(suffix: str, tmp_path: Path) -> None:
    (tmp_path / f"t{suffix}").touch()
    assert f"t{suffix}" in problems_of(tmp_path / f"t{suffix}")


@FORMATS
@settings(max_examples=50)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_read_but_never_crashes(
    suffix: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("t") / f"t{suffix}"
    write_table(frame_of(VALUES, KINDS).drop("tags", "point"), path)
    content = bytearray(path.read_bytes())
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[at] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with contextlib.suppress(BadInput):  # Any other exception fails the test.
        assert len(read_examples(path, task=TABULAR)) >= 1


@FORMATS
def test_numbers_that_are_not_finite_are_problems(suffix: str, tmp_path: Path) -> None:
    frame = pl.DataFrame({"example_id": ["a", "b", "c"], "size": [1.5, float("nan"), 2.5]})
    write_table(frame, tmp_path / f"t{suffix}")
    if suffix == ".jsonl":  # JSON has no NaN of its own; Python writes one all the same.
        text = '{"example_id": "a", "size": 1.5}\n{"example_id": "b", "size": NaN}\n'
        (tmp_path / f"t{suffix}").write_text(text)
    said = problems_of(tmp_path / f"t{suffix}")
    assert 'column "size": "nan" is not a number' in said.lower()
    assert "leave the cell empty where it is unknown" in said


@FORMATS
def test_a_regression_reference_must_be_a_number(suffix: str, tmp_path: Path) -> None:
    frame = pl.DataFrame({"example_id": ["a", "b"], "reference": ["1.5", "cheap"]})
    write_table(frame, tmp_path / f"t{suffix}")
    said = problems_of(tmp_path / f"t{suffix}", task=find_task("regression"))
    assert 'column "reference": "cheap" is not a number' in said


def test_a_file_of_no_known_format_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "t.xlsx").touch()
    assert "ending in .csv, .jsonl, .ndjson, .parquet, .pq" in problems_of(tmp_path / "t.xlsx")
    assert "is not there" in problems_of(tmp_path / "nowhere.csv")


def test_a_format_can_be_named_when_the_file_name_does_not_say(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("example_id,reference\na,x\n")
    table = read_examples(tmp_path / "t.txt", task=TABULAR, format_id="csv")
    assert table.ids == ["a"]


@pytest.fixture
def installed_reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package that brings a reader of `.csv` files with one fixed row."""

    def read(path: Path, problems: Problems) -> RawTable:
        columns = {"example_id": pl.Series(["theirs"]), "reference": pl.Series(["x"])}
        return RawTable(columns, place=lambda _: path.name, root=path.parent)

    reader = Reader("their-csv", "Their CSV", (".csv",), read)
    point = SimpleNamespace(load=lambda: reader)
    monkeypatch.setattr(readers, "entry_points", lambda group: {"heldout.readers": [point]}[group])
    readers._installed_readers.cache_clear()
    yield
    readers._installed_readers.cache_clear()


@pytest.mark.usefixtures("installed_reader")
def test_a_reader_of_an_installed_package_comes_before_ours(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("example_id,reference\nours,x\n")
    assert read_examples(tmp_path / "t.csv", task=TABULAR).ids == ["theirs"]
    assert read_examples(tmp_path / "t.csv", task=TABULAR, format_id="csv").ids == ["ours"]


@FORMATS
def test_names_that_are_too_long_or_not_plain_text_are_refused(suffix: str, tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"example_id": ["x" * 257, "b"], "image": ["a\x07.png", ""], "reference": ["c\x1b", "d"]}
    )
    write_table(frame, tmp_path / f"t{suffix}")
    said = problems_of(tmp_path / f"t{suffix}", task=find_task("image-classification"))
    assert "the id is longer than 256 characters" in said
    assert "the path 'a\\x07.png' contains control characters" in said
    assert "names no image" in said
    assert "the name 'c\\x1b' contains control characters" in said
