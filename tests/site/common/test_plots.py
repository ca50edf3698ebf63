import re
from xml.etree import ElementTree

import pytest
import vl_convert
from django.core.cache import cache

from heldout.site.common.plots import MOST_LINES, Bar, Line, interval_plot

LINES = [
    Line("First & last", 0.97, 0.95, 0.98, accented=True),
    Line("Baseline", 0.9, 0.88, 0.92, hollow=True),
    Line("Alone", 0.93),
]


@pytest.fixture(autouse=True)
def nothing_drawn():
    cache.clear()


def drawn(**changes):
    return interval_plot(LINES, **{"title": "Accuracy", "percent": True} | changes)


@pytest.mark.parametrize("screen", ["wide", "narrow"])
def test_a_plot_is_sound_xml_with_a_name_and_a_description(screen):
    root = ElementTree.fromstring(getattr(drawn(), screen))
    names = {child.attrib["id"]: child.text for child in list(root)[:2]}
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-labelledby"].split() == list(names)
    assert list(names.values()) == [
        "Accuracy",
        "First & last 97.0\u202f%, interval 95.0–98.0; Baseline 90.0\u202f%, interval 88.0–92.0; "
        "Alone 93.0\u202f%.",
    ]


def test_all_colours_come_from_the_page_and_nothing_needs_an_inline_style():
    svg = drawn(reference=0.95).wide
    colors = set(re.findall(r'(?:fill|stroke)="([^"]*)"', svg)) - {"none", "transparent"}
    assert {color.partition("-plot-")[0] for color in colors} == {"var(-"}
    assert "style=" not in svg
    assert "<style" not in svg


def test_dots_stand_where_the_values_are():
    lines = [Line("a", 10.0, 5.0, 15.0), Line("b", 20.0, 15.0, 25.0)]
    svg = interval_plot(lines, title="Error", percent=False).wide
    ElementTree.fromstring(svg)
    dots = re.findall(r'translate\(([\d.]+),([\d.]+)\)"[^>]* fill="var\(--plot-soft\)" stroke', svg)
    bars = re.findall(r'<line transform="translate\(([\d.]+),[\d.]+\)" x2="(-?[\d.]+)" y2="0"', svg)
    ends = sorted((float(x), float(x) + float(length)) for x, length in bars if float(length))
    assert len(dots) == len(ends) == 2
    for (x, _), (left, right) in zip(sorted((float(x), y) for x, y in dots), ends, strict=True):
        assert x == pytest.approx((left + right) / 2, abs=0.1)


def test_a_difference_of_shares_is_in_percentage_points():
    line = Line("Difference", 0.02, 0.01, 0.03, accented=True)
    plot = interval_plot([line], title="Accuracy", percent=True, differences=True)
    assert "Accuracy, percentage points" in plot.wide
    assert "Difference +2.0 points" in plot.wide
    assert "%" not in plot.wide
    assert "points" not in interval_plot([line], title="Accuracy", percent=True).wide


def test_no_share_above_a_hundred_is_named_where_bars_need_room():
    lines = [Line(name, 1.0, 0.98, 1.0) for name in ("a", "b", "c")]
    svg = interval_plot(lines, title="Accuracy", percent=True, bars=[Bar(0, 1), Bar(1, 2)]).wide
    shown = [float(text) for text in re.findall(r">(\d+(?:\.\d+)?)</text>", svg)]
    assert max(shown) == 100


def test_where_there_is_no_number_there_is_no_plot():
    assert interval_plot([Line("x", None)], title="Accuracy", percent=True) is None
    assert interval_plot([Line("x", float("nan"))], title="Accuracy", percent=True) is None


def test_the_same_plot_is_drawn_once(monkeypatch):
    first = drawn()
    monkeypatch.setattr(vl_convert, "vegalite_to_svg", lambda spec: pytest.fail("drawn again"))
    assert drawn() == first


def test_two_entrants_of_one_name_are_two_lines():
    one = interval_plot([Line("x", 0.5, 0.4, 0.6)], title="Accuracy", percent=True)
    two = interval_plot([Line("x", 0.5, 0.4, 0.6)] * 2, title="Accuracy", percent=True)
    assert two.wide.count(">x</text>") == 2 * one.wide.count(">x</text>")


def test_a_long_leaderboard_is_cut_where_a_picture_ends():
    lines = [Line(f"entrant-{place}", 0.5, 0.4, 0.6) for place in range(MOST_LINES + 5)]
    svg = interval_plot(lines, title="Accuracy", percent=True).wide
    assert f">entrant-{MOST_LINES - 1}</text>" in svg
    assert f">entrant-{MOST_LINES}</text>" not in svg
