from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from heldout.site.common.formatting import (
    count_text,
    difference_text,
    distance_text,
    range_text,
    rank_text,
    score_text,
    size_text,
    time_text,
)

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "low", "high", "percent", "score", "interval"),
    [
        (0.9712, 0.9561, 0.9823, True, "97.1\u202f%", "95.6–98.2"),
        (0.97123456, 0.97101, 0.97147, True, "97.123\u202f%", "97.101–97.147"),
        (0.62, 0.44, 0.77, True, "62.0\u202f%", "44.0–77.0"),
        (1.0, 0.93, 1.0, True, "100.0\u202f%", "93.0–100.0"),
        (0.093141592653, 0.0712, 0.1183, False, "0.093", "0.071–0.118"),
        (1834.6, 1710.2, 1950.9, False, "1,835", "1,710–1,951"),
        (-0.12, -0.25, 0.01, False, "−0.120", "−0.250 to 0.010"),
        (-0.00001, -0.1, 0.1, False, "0.000", "−0.100 to 0.100"),
        (0.5, None, None, True, "50.0\u202f%", ""),
        (None, None, None, True, "–", ""),
        (float("nan"), float("nan"), float("nan"), False, "–", ""),
    ],
)
def test_a_score_has_the_decimals_its_interval_can_carry(
    value, low, high, percent, score, interval
):
    assert score_text(value, low, high, percent=percent) == score
    assert range_text(low, high, percent=percent) == interval


@pytest.mark.parametrize(
    ("rank", "low", "high", "text"),
    [(3, 2, 7, "3 (2–7)"), (1, 1, 1, "1"), (4, None, None, "4"), (None, None, None, "–")],
)
def test_a_rank_stands_with_its_range(rank, low, high, text):
    assert rank_text(rank, low, high) == text


def test_counts_have_their_plural_and_sizes_their_unit():
    assert count_text(1, "example") == "1 example"
    assert count_text(1797, "example") == "1,797 examples"
    assert count_text(0, "entry", "entries") == "0 entries"
    assert [size_text(size) for size in (0, 999, 1000, 1_340_000)] == [
        "0\u202fB",
        "999\u202fB",
        "1.0\u202fkB",
        "1.3\u202fMB",
    ]


def test_a_time_names_its_zone():
    assert time_text(NOW, ZoneInfo("Europe/Vienna")) == "1 Dec 2026, 13:00 CET"


@pytest.mark.parametrize(
    ("distance", "text"),
    [
        (timedelta(days=12, hours=3), "in 12 days"),
        (timedelta(hours=1, minutes=30), "in 1 hour"),
        (timedelta(seconds=30), "in less than a minute"),
        (timedelta(seconds=-30), "just now"),
        (timedelta(minutes=-2), "2 minutes ago"),
    ],
)
def test_a_distance_in_time_is_told_in_its_largest_unit(distance, text):
    assert distance_text(NOW + distance, NOW) == text


@pytest.mark.parametrize(
    ("value", "percent", "text"),
    [
        (0.0125, True, "+1.2 points"),
        (-0.0125, True, "\u22121.2 points"),
        (0.0, True, "0.0 points"),
        (0.0001, True, "0.0 points"),
        (-0.0001, True, "0.0 points"),
        (0.0125, False, "+0.013"),
        (-3.5, False, "\u22123.500"),
        (0.0001, False, "0.000"),
        (None, True, "–"),
        (float("nan"), False, "–"),
    ],
)
def test_a_difference_has_its_sign_and_is_told_in_points(value, percent, text):
    assert difference_text(value, percent=percent) == text
