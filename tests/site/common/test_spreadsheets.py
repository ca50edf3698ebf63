import csv
import io
import re
from pathlib import Path

import polars as pl
import pytest

import heldout.site
from heldout.site.challenges.models import Entrant
from heldout.site.common.spreadsheets import cell, frame

FORMULAS = [
    '=HYPERLINK("http://evil.example")', "+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd", "\t=1+1", "\r=1+1", "\n=1+1", "\uff1d1+1", "\uff0d1", "\uff0b1", "\uff20a", "-", "+1 ", "-\u0663",
]  # fmt: skip
NUMBERS = [-1, -0.5, 1e-9, "-1", "-0.25", "+1e5", "-inf", 0]


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_text_that_looks_like_a_formula_gets_a_quote(formula):
    assert cell(formula) == f"'{formula}"


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_stays_a_number(number):
    assert cell(number) == number


def test_what_is_not_there_is_an_empty_cell():
    assert cell(None) == ""
    assert cell("a=1") == "a=1"


def test_a_table_is_neutralised_with_the_names_of_its_columns():
    table = frame(pl.DataFrame({"=1+1": ["=2", None, "x"], "n": [-1, 2, 3]}))
    assert table.to_dict(as_series=False) == {"'=1+1": ["'=2", None, "x"], "n": [-1, 2, 3]}


@pytest.mark.parametrize(
    "address",
    [
        "/api/v1/challenges/cats/phases/dev/leaderboard.csv",
        "/challenges/cats/organise/statistics/scores.csv",
    ],
)
def test_a_team_named_like_a_formula_calls_nothing_in_a_spreadsheet(
    address, scored, participant, organiser, signed_in
):
    Entrant.objects.update(name="=cmd|' /C calc'!A0")
    scored(participant)
    content = signed_in(organiser).get(address).content.decode()
    cells = [one for row in csv.reader(io.StringIO(content)) for one in row]
    assert "'=cmd|' /C calc'!A0" in cells
    assert not [one for one in cells if one.startswith("=")]


def test_every_room_that_writes_csv_neutralises_it():
    """A new export is noticed here."""
    folder = Path(heldout.site.__file__).parent
    for path in folder.rglob("*.py"):
        source = path.read_text()
        if re.search(r"csv\.writer|\.write_csv\(", source):
            assert re.search(r"^from heldout\.site\.common.*(cell|spreadsheets)", source, re.M), (
                path
            )
