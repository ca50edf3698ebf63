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
