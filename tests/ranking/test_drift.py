import random
from datetime import UTC, datetime, timedelta

import pytest

from heldout.ranking.drift import Scored, drift

START = datetime(2026, 12, 1, tzinfo=UTC)


def scored(*values: float | None) -> list[Scored]:
    return [Scored(START + timedelta(days=i), f"e{i}", value) for i, value in enumerate(values)]


def test_only_what_is_better_than_all_before_takes_the_lead() -> None:
    leads = drift(scored(0.5, 0.4, 0.7, 0.7, 0.65, 0.72))
    assert [lead.scored.value for lead in leads] == [0.5, 0.7, 0.72]
    assert [lead.number for lead in leads] == [1, 3, 6]
    assert leads[0].gain is None
    assert [lead.gain for lead in leads[1:]] == pytest.approx([0.2, 0.02])


def test_the_order_given_does_not_matter_and_time_does() -> None:
    assert drift(reversed(scored(0.5, 0.4, 0.7))) == drift(scored(0.5, 0.4, 0.7))


def test_where_less_is_better_the_lead_falls_and_the_gain_is_positive() -> None:
    leads = drift(scored(5.0, 6.0, 4.0), higher_is_better=False)
    assert [(lead.scored.value, lead.gain) for lead in leads] == [(5.0, None), (4.0, 1.0)]


def test_a_submission_without_a_value_is_counted_and_leads_nothing() -> None:
    leads = drift(scored(None, float("nan"), 0.3))
    assert [(lead.scored.value, lead.number) for lead in leads] == [(0.3, 3)]
    assert drift([]) == []


def test_where_the_latest_counts_a_worse_one_gives_the_lead_up() -> None:
    days = [START + timedelta(days=i) for i in range(5)]
    given = [("a", 0.9), ("b", 0.6), ("a", 0.5), ("c", 0.55), ("b", None)]
    found = [Scored(day, who, value) for day, (who, value) in zip(days, given, strict=True)]
    leads = drift(found, latest=True)
    told = [(one.at, one.scored.entrant, one.scored.value, one.number) for one in leads]
    assert told == [(days[0], "a", 0.9, 1), (days[2], "b", 0.6, 3), (days[4], "c", 0.55, 5)]
    assert [one.gain for one in leads[1:]] == pytest.approx([-0.3, -0.05])


@pytest.mark.parametrize("latest", [False, True])
def test_the_lead_is_always_the_best_of_what_counts(latest: bool) -> None:
    """Against a plain replay that looks at everybody after each submission."""
    draw = random.Random(5)
    found = [
        Scored(START + timedelta(days=i), draw.choice("abc"), draw.choice([None, 0.1, 0.2, 0.3]))
        for i in range(200)
    ]
    leads = drift(found, latest=latest)
    for end in range(1, len(found) + 1):
        seen = found[:end]
        counting = {one.entrant: one for one in seen}.values() if latest else seen
        values = [one.value for one in counting if one.value is not None]
        then = [one for one in leads if one.at <= found[end - 1].at]
        if values:
            assert then[-1].scored.value == max(values)
