"""The worst examples show answers, so the page is there for organisers alone."""

import re

import pytest
from django.urls import reverse

from heldout.site.challenges.models import Role


def page(submission, query=""):
    return reverse("submissions:errors", args=[submission.pk]) + query


def text(answer):
    return re.sub(r"[ \n]+", " ", answer.content.decode())


def test_nobody_but_organisers_finds_it(
    client, signed_in, scored, participant, rival, outsider, organiser, challenge
):
    submission = scored(participant, 40)
    assert client.get(page(submission)).status_code == 302
    challenge.organisers.create(user=rival, role=Role.REVIEWER)
    for user in (participant, rival, outsider):
        assert signed_in(user).get(page(submission)).status_code == 404
    answer = signed_in(organiser).get(page(submission))
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]


def test_wrong_examples_come_first_and_filters_keep_a_group(
    signed_in, scored, participant, organiser, made
):
    submission = scored(participant, 40)
    html = text(signed_in(organiser).get(page(submission)))
    wrong = [name for number, name in enumerate(made.answers) if number >= 40]
    listed = re.findall(r"<th scope=\"row\"> (e\d+) </th>", html)
    assert set(listed[: len(wrong)]) == set(wrong)
    cats = text(signed_in(organiser).get(page(submission, "?truth=cat&in_light=day")))
    found = re.findall(r"<th scope=\"row\"> (e\d+) </th>", cats)
    assert found
    for name in found:
        assert made.answers[name] == "cat"
        assert int(name[1:]) % 2


def test_two_submissions_stand_side_by_side(signed_in, scored, participant, rival, organiser):
    first, second = scored(participant, 40), scored(rival, 50)
    html = text(signed_in(organiser).get(page(first, f"?beside={second.pk}&order=disagreement")))
    assert "participant: predictions.csv" in html
    assert "rival: predictions.csv" in html


@pytest.mark.parametrize("query", ["?truth=horse", "?beside=nobody", "?order=best"])
def test_an_address_that_asks_for_nonsense_is_told_so(
    signed_in, scored, participant, organiser, query
):
    submission = scored(participant, 40)
    html = text(signed_in(organiser).get(page(submission, query)))
    assert "This address asks for something that is not there" in html
