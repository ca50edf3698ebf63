"""How results and problems are printed."""

import io
import json
import math

import pytest
from rich.console import Console

from heldout.cli.output import following, print_json, print_table, problems_of, say, show_cell
from heldout.datasets.stages import told
from heldout.errors import BadInput, HeldoutError, Problem


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (0.5, "0.5000"),
        (math.nan, "-"),
        (None, "-"),
        (3, "3"),
        (True, "yes"),
        ("text", "text"),
        ("", ""),
    ],
)
def test_a_cell_is_shown_as_people_read_it(cell, shown):
    assert show_cell(cell) == shown


@pytest.mark.parametrize(
    ("values", "shown"),
    [((0.98891, 0.1), ["0.9889", "0.1000"]), ((0.0, 61.475), ["0.00", "61.48"]),
     ((math.nan, 1450.9), ["-", "1,450.9"])],
)  # fmt: skip
def test_a_column_has_as_few_decimals_as_its_largest_number_needs(capsys, values, shown):
    print_table(["value"], [[value] for value in values])
    assert [line.strip() for line in capsys.readouterr().out.splitlines()[1:]] == shown


def test_json_has_null_for_what_is_not_a_number(capsys):
    print_json({"a": math.nan, "b": Problem("x", "y")})
    assert json.loads(capsys.readouterr().out) == {
        "a": None,
        "b": {"place": "x", "message": "y", "remedy": ""},
    }


def test_bytes_are_json_already(capsys):
    print_json(b'{"a":1}')
    assert json.loads(capsys.readouterr().out) == {"a": 1}


def test_what_people_wrote_is_never_taken_for_markup(capsys):
    print_table(("name", "value"), [("[red]boo[/red]", 1)])
    say("[bold]x[/bold]")
    captured = capsys.readouterr()
    assert "[red]boo[/red]" in captured.out
    assert "[bold]x[/bold]" in captured.err


def test_long_rows_are_not_folded_where_there_is_no_terminal(capsys):
    print_table(("a", "b"), [("x" * 100, "y" * 100)])
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize(
    ("error", "places"),
    [
        (BadInput([Problem("a", "1"), Problem("b", "2")]), ["a", "b"]),
        (FileNotFoundError(2, "No such file", "f.csv"), ["f.csv"]),
        (OSError("odd"), [""]),
        (HeldoutError("plain"), [""]),
    ],
)
def test_every_error_becomes_problems(error, places):
    assert [problem.place for problem in problems_of(error)] == places


def test_a_bar_follows_each_stage_of_long_work(monkeypatch):
    written = io.StringIO()
    terminal = Console(file=written, force_terminal=True, width=100)
    monkeypatch.setattr("heldout.cli.output.console", terminal)
    with following("checking"):
        list(told("looking at the images", range(40), total=40))
    assert "checking" in written.getvalue()
    assert "looking at the images" in written.getvalue()
    assert "40/40" in written.getvalue()
