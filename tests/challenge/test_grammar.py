"""The small languages inside challenge.toml, and its times."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heldout.challenge.grammar import Guard, Refusal, parse_final, parse_guard
from heldout.challenge.times import localise


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none", Guard()),
        ("ladder", Guard("ladder")),
        ("ladder:step=0.01", Guard("ladder", 0.01)),
        ("coarse:step=0.05", Guard("coarse", 0.05)),
        ("delayed", Guard("delayed")),
        ("thresholdout", Guard("thresholdout")),
        ("thresholdout:noise=0.02,budget=5", Guard("thresholdout", None, 0.04, 0.02, 5)),
    ],
)
def test_a_guard_is_read(text, expected):
    assert parse_guard(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "Ladder", "ladder:", "ladder:0.1", "ladder:step=0", "ladder:step=inf", "ladder:step=x",
     "none:step=1", "delayed:step=0.1", "coarse", "thresholdout:budget=0.5", "thresholdout:x=1"],
)  # fmt: skip
def test_what_is_no_guard_is_refused_with_a_way_out(text):
    with pytest.raises(Refusal) as caught:
        parse_guard(text)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("text", "expected"),
    [("best", ("best", 1)), ("latest", ("latest", 1)), ("chosen:3", ("chosen", 3))],
)
def test_what_counts_at_the_end_is_read(text, expected):
    assert parse_final(text) == expected


@pytest.mark.parametrize(
    "text", ["", "first", "chosen", "chosen:", "chosen:0", "chosen:-1", "chosen:1.5"]
)
def test_what_does_not_say_what_counts_is_refused(text):
    with pytest.raises(Refusal):
        parse_final(text)


def located(value, zone="Europe/Berlin"):
    raw = {"challenge": {"timezone": zone}, "phases": [{"opens": value}]}
    changed, findings = localise(raw)
    return changed["phases"][0]["opens"], findings, raw


def test_a_local_time_follows_summer_time():
    winter, _, _ = located(datetime(2026, 1, 1, 12))  # noqa: DTZ001
    summer, _, _ = located(datetime(2026, 7, 1, 12))  # noqa: DTZ001
    assert winter.utcoffset() == timedelta(hours=1)
    assert summer.utcoffset() == timedelta(hours=2)


def test_the_given_tables_are_left_as_they_were():
    value = datetime(2026, 1, 1)  # noqa: DTZ001
    _, _, raw = located(value)
    assert raw["phases"][0]["opens"] is value


def test_text_in_iso_8601_is_a_time():
    opens, findings, _ = located("2026-01-01T12:00:00")
    assert opens.astimezone(UTC) == datetime(2026, 1, 1, 11, tzinfo=UTC)
    assert findings == []


@pytest.mark.parametrize("value", ["soon", "2026-13-01T00:00:00", 7, None, [], {}])
def test_what_is_no_time_is_left_for_the_model_to_refuse(value):
    opens, findings, _ = located(value)
    assert opens == value
    assert findings == []


@given(st.datetimes())
def test_every_time_gets_the_zone_or_a_finding(moment):
    """zoneinfo is the judge of which local times exist."""
    opens, findings, _ = located(moment)
    assert opens.tzinfo is not None
    try:
        back = opens.astimezone(UTC).astimezone(ZoneInfo("Europe/Berlin"))
    except OverflowError:
        return
    exists = back.replace(tzinfo=None, fold=0) == moment.replace(fold=0)
    assert exists == (not findings)
