from datetime import UTC, date, datetime

import polars as pl
import pytest

from heldout.cards.wording import column_words, interval, number, tell_disparity, tell_profile
from heldout.evaluation.along import Point, Profile
from heldout.evaluation.disparities import Disparity, GroupInterval, Spread
from heldout.statistics.intervals import Interval


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.71543, "0.715"), (0.00123, "0.00123"), (0.0, "0.000"), (-12.345, "−12.35"),
     (1234.5, "1234.5")],
)  # fmt: skip
def test_numbers_are_rounded_for_people(value: float | None, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (pl.Series(["a"]), "text"),
        (pl.Series([1], dtype=pl.UInt8), "whole number"),
        (pl.Series([1.5]), "number"),
        (pl.Series([True]), "yes or no"),
        (pl.Series([date(2026, 1, 1)]), "date"),
        (pl.Series([datetime(2026, 1, 1, tzinfo=UTC)]), "time"),
        (pl.Series([[1.0]]), "list"),
        (pl.Series([None]), "empty"),
    ],
)
def test_a_column_is_told_by_what_it_holds_and_not_by_its_type(table, words) -> None:
    assert column_words(str(table.dtype)) == words


def test_an_interval_with_a_negative_end_is_joined_by_a_word() -> None:
    assert interval(0.1, 0.2) == "0.100–0.200"
    assert interval(-0.1, 0.2) == "−0.100 to 0.200"
    assert interval(None, 0.2) == ""


def gap(low: float) -> Disparity:
    groups = tuple(
        GroupInterval({"sex": name}, 50, value, Interval(value - 0.1, value + 0.1))
        for name, value in (("man", 0.9), ("woman", 0.6))
    )
    spread = Spread(0.3, 0.25, Interval(low, 0.5))
    left_out = ({"sex": "(not given)"},)
    return Disparity(
        ("sex",), "accuracy", "accuracy", groups, {"sex": "woman"}, spread, None, left_out
    )


def test_a_gap_that_chance_explains_is_told_apart_from_a_sure_one() -> None:
    assert tell_disparity(gap(0.1)).startswith("Worst: woman, 0.600 (n = 50). Between best and")
    assert "Some groups surely differ." in tell_disparity(gap(0.1))
    assert "Chance alone may explain all of it" in tell_disparity(gap(0.0))
    assert tell_disparity(gap(0.0)).endswith("for lack of examples or of a number: (not given).")


def test_a_disparity_of_percentages_is_told_in_per_cent_and_points() -> None:
    told = tell_disparity(gap(0.1), percent=True)
    assert told.startswith("Worst: woman, 60.0 % (n = 50). Between best and worst lie 30.0 points ")
    assert "(25.0 with noise taken off; 10.0–50.0)" in told
    assert "; −10.0 to 50.0)" in tell_disparity(gap(-0.1), percent=True)


def test_a_profile_names_its_ends_or_why_it_is_not_there() -> None:
    points = (Point(10.0, 0.5, None, None), Point(2000.0, 0.8, None, None))
    found = Profile(
        "income", "accuracy", "accuracy", 90, 30, points, "intervals were not asked for"
    )
    assert tell_profile(found) == (
        "From 0.500 around income = 10 to 0.800 around 2,000; each point is made of the 30 nearest "
        "of 90 examples. No band: intervals were not asked for."
    )
    empty = Profile(
        "income", "accuracy", "accuracy", 9, 9, (), "9 examples are too few for a curve"
    )
    assert tell_profile(empty) == "No curve: 9 examples are too few for a curve."
