"""The page of a profile: whole in one file, sound, and true to the numbers."""

from html.parser import HTMLParser

import polars as pl
import pytest

from heldout.cards import drawing
from heldout.cards.profile_report import chart_of, render
from heldout.datasets.profile import Bars, Grid, Statistic

VOID = {"meta", "link", "br", "img"}


@pytest.fixture(scope="module")
def page() -> str:
    bars = pl.DataFrame(
        {"category": ["<zebra>", "cat"], "annotations": [1200, 3], "share": [0.5, None]}
    )
    cells = pl.DataFrame({"row": [1, 1], "column": [1, 2], "objects": [4, 0]})
    many = pl.DataFrame({"value": [f"v{i}" for i in range(250)], "examples": range(250)})
    return render(
        [
            Statistic(
                "a",
                "Classes",
                "Note <1>.",
                bars,
                "SELECT 1",
                Bars("category", "annotations", "N"),
                ("Look & see.",),
            ),
            Statistic(
                "b", "Places", "Note 2.", cells, "SELECT 2", Grid("row", "column", "objects", "N")
            ),
            Statistic("c", "Values", "Note 3.", many, "SELECT 3", Bars("value", "examples", "N")),
            Statistic(
                "d",
                "Nothing",
                "Note 4.",
                bars.clear(),
                "SELECT 4",
                Bars("category", "annotations", "N"),
            ),
        ],
        title="ours & <theirs>",
        examples=1234,
    )


class Tags(HTMLParser):
    """Finds tags that are never closed and ids given twice."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_every_tag_is_closed_and_every_id_unique(page):
    tags = Tags()
    tags.feed(page)
    assert not tags.open
    assert len(tags.ids) == len(set(tags.ids)) > 0


def test_names_are_escaped_and_alarms_stand_first(page):
    assert "<theirs>" not in page
    assert "<zebra>" not in page
    assert page.index("Look &amp; see.") < page.index("<h2>Classes")


def test_numbers_are_those_of_the_table_and_unknown_ones_a_dash(page):
    assert "<td>1,200</td><td>0.500</td>" in page
    assert "<td>3</td><td>–</td>" in page


def test_a_long_table_says_how_much_is_left_out(page):
    assert "50 more rows are in the JSON." in page
    assert "The first 30 of 250." in page


def test_a_statistic_of_nothing_has_its_note_and_no_picture(page):
    rest = page[page.index("Note 4.") :]
    assert "<svg" not in rest


def test_nothing_is_loaded_from_elsewhere(page):
    assert "<script" not in page
    assert "src=" not in page


@pytest.mark.parametrize("chart", [Bars("a", "n", "N"), Grid("a", "b", "n", "N")])
def test_each_mark_leads_where_its_row_leads(chart):
    table = pl.DataFrame({"a": ["<p>", "q"], "b": ["u", "v"], "n": [3, 1]})
    links = [drawing.Link("/data/x/?f.a=1&b=2", "<p>: 3"), drawing.Link("", "")]
    build = chart_of(Statistic("x", "X", "Note.", table, "SELECT 1", chart), linked=True)
    drawn = drawing.svg(build(680), title="X", description="Note.", name="x", links=links)
    assert drawn.count("<a ") == 1
    assert 'href="/data/x/?f.a=1&amp;b=2" aria-label="&lt;p&gt;: 3"' in drawn
    assert drawn.startswith('<svg role="group"')
    assert ".invalid" not in drawn
