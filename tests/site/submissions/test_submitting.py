import io
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from heldout.site.challenges.models import Role
from heldout.site.challenges.people import add_organiser, remove_organiser
from heldout.site.submissions.models import Submission

SUBMIT = "/challenges/cats/submit/"


def text(answer):
    return re.sub(r"[ \n]+", " ", answer.content.decode())


def upload(content=b"example_id,prediction\n", name="predictions.csv"):
    file = io.BytesIO(content)
    file.name = name
    return file


def test_a_file_is_handed_in_and_its_page_follows_it(signed_in, participant, predictions):
    client = signed_in(participant)
    given = {"phase": "dev", "file": upload(predictions(40)), "note": "first", "key": "k1"}
    answer = client.post(SUBMIT, given, follow=True)
    html = text(answer)
    assert "was handed in and is safe" in html
    assert "hx-trigger" in html
    assert Submission.objects.get().note == "first"


def test_the_same_form_sent_twice_is_one_submission(signed_in, participant, predictions):
    client = signed_in(participant)
    for _ in range(2):
        given = {"phase": "dev", "file": upload(predictions(40)), "note": "", "key": "k1"}
        assert client.post(SUBMIT, given).status_code == 302
    assert Submission.objects.count() == 1


def test_everything_that_stands_in_the_way_is_told_at_once(signed_in, outsider, challenge):
    given = {"phase": "past", "file": upload(name="table.xlsx"), "note": ""}
    answer = signed_in(outsider).post(SUBMIT, given)
    assert answer.status_code == 422
    assert {problem["place"] for problem in answer.context["problems"]} == {
        "phase",
        "terms",
        "file",
    }
    assert not Submission.objects.exists()


def test_an_empty_file_is_refused_in_the_services_words(signed_in, participant):
    answer = signed_in(participant).post(SUBMIT, {"phase": "dev", "file": upload(b"")})
    assert answer.status_code == 422
    assert "it is empty" in text(answer).lower()


def test_the_form_tells_what_is_left_and_what_the_file_looks_like(signed_in, participant):
    html = text(signed_in(participant).get(SUBMIT))
    assert "<strong>20</strong> of 20" in html
    assert "example_id, prediction" in html


def test_the_form_tells_the_command_that_submits_the_same(client, challenge):
    assert "heldout submit cats FILE --phase dev<" in text(client.get(SUBMIT))


def test_no_command_is_told_while_no_phase_is_open(client, challenge):
    now = timezone.now()
    challenge.phases.update(opens=now - timedelta(days=2), closes=now - timedelta(days=1))
    html = text(client.get(SUBMIT))
    assert "No phase is open" in html
    assert "heldout submit" not in html


def test_an_anonymous_upload_is_not_taken_in(client, challenge):
    answer = client.post(SUBMIT, {"phase": "dev", "file": upload()})
    assert "Sign in to submit" in text(answer)
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    ("limit", "why"),
    [
        ("per_day", r"1 submission a day is allowed and used; the next is possible from \d{4}-"),
        ("in_total", r"The one submission in total is used\."),
    ],
)
def test_who_has_nothing_left_hears_it_before_choosing_a_file(
    signed_in, participant, hand_in, challenge, limit, why
):
    client, dev = signed_in(participant), challenge.phases.filter(key="dev")
    hand_in(participant)
    dev.update(**{limit: 1})
    # Other phases still take something.
    html = text(client.get(SUBMIT))
    assert re.search(rf"<strong>Nothing is left in the dev phase\.</strong> {why}", html)
    assert 'type="file"' in html
    challenge.phases.exclude(key="dev").update(retired=True)
    html = text(client.get(SUBMIT))
    assert re.search(rf"<strong>Nothing is left\.</strong> {why}", html)
    assert 'type="file"' not in html
    dev.update(**{limit: 2})
    html = text(client.get(SUBMIT))
    assert "Nothing is left" not in html
    assert 'type="file"' in html


def test_who_may_not_enter_hears_it_before_the_rules(signed_in, challenge, organiser, outsider):
    given = {"by": organiser, "now": timezone.now()}
    client = signed_in(outsider)
    assert "Accept the rules first" in text(client.get(SUBMIT))
    row = add_organiser(challenge=challenge, email=outsider.email, role=Role.REVIEWER, **given)
    assert "You cannot take part" in text(client.get(SUBMIT))
    remove_organiser(organiser=row, **given)
    html = text(client.get(SUBMIT))
    assert "You cannot take part" in html
    assert 'type="file"' not in html
