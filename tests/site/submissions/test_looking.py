"""What pages show of differences and errors, for programs: the same numbers, to the same people."""

import pytest
from django.core.cache import cache
from scipy.stats import binomtest

COMPARISON = "/api/v1/challenges/cats/phases/{}/comparison"


@pytest.fixture
def two(challenge, participant, rival, scored):
    """The rival has 50 of 60 right, the participant the first 20 of them."""
    return scored(participant, 20), scored(rival, 50)


def errors(submission, query=""):
    return f"/api/v1/submissions/{submission.pk}/errors{query}"


def test_a_silent_phase_compares_for_nobody_but_organisers(
    api, challenge, participant, rival, organiser, scored
):
    for key in ("plain", "silent"):
        for person, right in ((participant, 20), (rival, 50)):
            scored(person, right, phase=challenge.phases.get(key=key))
        address = COMPARISON.format(key)
        assert api(rival).get(address).status_code == 404
        assert api(organiser).get(address).status_code == 200
    assert api(rival).get(COMPARISON.format("insiders")).status_code == 403


def test_the_difference_comes_with_its_tests(api, two):
    told = api(None).get(COMPARISON.format("dev")).json()
    assert (told["first"], told["second"]) == ("rival", "participant")
    assert told["difference"] == pytest.approx(30 / 60)
    assert told["first_value"] - told["second_value"] == pytest.approx(30 / 60)
    exact = {one["test"]: one["p_value"] for one in told["tests"]}["mcnemar exact"]
    assert exact == pytest.approx(binomtest(30, 30).pvalue)
    named = api(None).get(COMPARISON.format("dev") + "?second=rival").json()
    assert (named["first"], named["second"]) == ("participant", "rival")
    assert named["difference"] == pytest.approx(-30 / 60)


def test_who_is_not_on_the_leaderboard_is_not_compared(api, two):
    answer = api(None).get(COMPARISON.format("dev") + "?first=nobody&second=me")
    assert answer.status_code == 422
    assert [one["place"] for one in answer.json()["problems"]] == ["first", "second"]
    assert api(None).get(COMPARISON.format("dev") + "?first=rival&second=rival").status_code == 404


def test_one_comparison_at_a_time_is_made(api, two):
    cache.add("comparing", True)
    assert api(None).get(COMPARISON.format("dev")).status_code == 503


def test_errors_are_told_to_organisers_alone(api, two, participant, outsider):
    for person in (participant, outsider):
        assert api(person).get(errors(two[0])).status_code == 404
    assert api(None).get(errors(two[0])).status_code == 401


def test_the_worst_examples_come_with_their_answers(api, two, organiser, made):
    told = api(organiser).get(errors(two[1])).json()
    wrong = {name for number, name in enumerate(made.answers) if number >= 50}
    assert {one["example_id"] for one in told["examples"][:10]} == wrong
    for one in told["examples"]:
        assert one["reference"] == made.answers[one["example_id"]]
    query = f"?where=class%3Dcat&where=light%3Dday&beside={two[0].pk}&order=disagreement"
    found = api(organiser).get(errors(two[1], query)).json()["examples"]
    assert {made.answers[one["example_id"]] for one in found} == {"cat"}
    assert {one["columns"]["light"] for one in found} == {"day"}
    assert {len(one["answers"]) for one in found} == {2}


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("?order=best", "order"),
        ("?beside=none", "beside"),
        ("?where=class%3Dcow", "truth"),
        ("?where=colour%3Dred", "where"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(api, two, organiser, query, place):
    answer = api(organiser).get(errors(two[1], query))
    assert answer.status_code == 422
    assert [one["place"] for one in answer.json()["problems"]] == [place]


def test_a_report_is_there_for_those_who_see_the_submission(api, two, rival, participant):
    address = f"/api/v1/submissions/{two[0].pk}/report"
    assert api(rival).get(address).status_code == 404
    answer = api(participant).get(address)
    assert answer["Content-Type"].startswith("text/html")
    assert "attachment" in answer["Content-Disposition"]
