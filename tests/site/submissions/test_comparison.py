"""The paired test of two entrants: right, and for nobody who may not see what it is made of."""

import re

import pytest
from django.core.cache import cache
from django.utils import timezone
from scipy.stats import binomtest

from heldout.site.challenges.services import entrant_of
from heldout.site.submissions.comparing import Busy, compare_entrants

PAGE = "/challenges/cats/compare/"


def text(answer):
    return re.sub(r"[ \n]+", " ", answer.content.decode())


@pytest.fixture
def two(challenge, participant, rival, scored):
    """The rival has 50 of 60 right, the participant the first 20 of them."""
    scored(participant, 20)
    scored(rival, 50)
    return [entrant_of(challenge, one).pk for one in (rival, participant)]


def test_the_page_tells_the_difference_and_every_test(client, two):
    html = text(client.get(f"{PAGE}?phase=dev"))
    assert "They differ" in html
    assert "+50.0 points" in html
    assert "Accuracy, first less second, percentage points" in html
    for test in ("Paired bootstrap", "Permutation", "McNemar, exact", "McNemar, mid-p"):
        assert test in html
    other_way = text(client.get(f"{PAGE}?phase=dev&first={two[1]}&second={two[0]}"))
    assert "\u221250.0 points" in other_way


def test_the_numbers_are_those_of_the_answers(phase, two, organiser):
    found = compare_entrants(
        phase=phase, viewer=organiser, first=two[0], second=two[1], now=timezone.now()
    )
    assert found.test.difference == pytest.approx(30 / 60)
    exact = {one.test: one.p_value for one in found.test.tests}["mcnemar exact"]
    assert exact == pytest.approx(binomtest(30, 30).pvalue)


def test_entrants_who_are_not_on_the_leaderboard_are_not_compared(phase, two, organiser):
    for pair in ((two[0], two[0]), (two[0], 10**6)):
        options = {"phase": phase, "viewer": organiser, "now": timezone.now()}
        assert compare_entrants(first=pair[0], second=pair[1], **options) is None


@pytest.mark.parametrize("key", ["plain", "silent"])
def test_a_phase_that_keeps_intervals_back_compares_for_organisers_alone(
    client, signed_in, challenge, participant, rival, organiser, scored, key
):
    phase = challenge.phases.get(key=key)
    scored(participant, 20, phase=phase)
    scored(rival, 50, phase=phase)
    assert "Nothing to compare" in text(client.get(f"{PAGE}?phase={key}"))
    assert "They differ" in text(signed_in(organiser).get(f"{PAGE}?phase={key}"))


def test_a_leaderboard_for_organisers_is_compared_by_nobody_else(client, challenge):
    assert client.get(f"{PAGE}?phase=insiders").status_code == 404


def test_one_comparison_at_a_time_is_made_by_a_process(client, phase, two, organiser):
    cache.add("comparing", True)
    with pytest.raises(Busy):
        compare_entrants(
            phase=phase, viewer=organiser, first=two[0], second=two[1], now=timezone.now()
        )
    answer = client.get(f"{PAGE}?phase=dev")
    assert answer.status_code == 503
    assert "Try again" in text(answer)


def test_the_leaderboard_leads_to_the_tests_and_joins_who_cannot_be_told_apart(
    client, two, enter_as, scored
):
    scored(enter_as("third"), 48)
    html = text(client.get("/challenges/cats/leaderboard/?phase=dev"))
    assert f"{PAGE}?phase=dev" in html
    assert "cannot be told apart" in html
    assert "How the top score moved" in html
    compared = text(client.get(f"{PAGE}?phase=dev"))
    assert "Every entrant against every other" in compared
    assert "They cannot be told apart" in compared
    assert "Adjusted for all pairs below (Holm)" in compared
    assert "Resamples of all entrants" in compared
