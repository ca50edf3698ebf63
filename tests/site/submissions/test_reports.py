"""The evaluation report of a submission as a file, and its place beside the data's documents."""

import pytest
from django.test import Client
from django.utils import timezone

from heldout.site.challenges.services import publish
from tests.site.conftest import phase_toml


def address_of(submission):
    return f"/submissions/{submission.pk}/report.html"


def documents(client):
    return client.get("/data/cats/documents/").content.decode()


def test_others_get_no_report(scored, participant, rival, outsider, signed_in):
    address = address_of(scored(participant))
    for person in (rival, outsider):
        assert signed_in(person).get(address).status_code == 404
    assert Client().get(address).status_code == 302


def test_the_report_is_a_file_with_scores_groups_and_plots(scored, participant, signed_in):
    submission = scored(participant)
    page = signed_in(participant).get(address_of(submission))
    text = page.content.decode()
    assert page["Content-Disposition"].startswith("attachment")
    assert "participant in Cats and others" in text
    assert "60 examples" in text
    assert "<h2>Subgroups" in text
    assert "<svg" in text
    assert (
        address_of(submission) in signed_in(participant).get(f"/submissions/{submission.pk}/").text
    )


def test_a_report_holds_what_its_phase_reveals_and_no_more(
    scored, challenge, participant, organiser, signed_in
):
    phase = challenge.phases.get(key="plain")
    submission = scored(participant, 37, phase=phase)
    low = submission.evaluation.scores.get(name="accuracy").low
    theirs = signed_in(participant).get(address_of(submission)).content.decode()
    ours = signed_in(organiser).get(address_of(submission)).content.decode()
    for telling in ("Subgroups", f"{low:.3f}", "Confusion"):
        assert telling in ours
        assert telling not in theirs
    silent = scored(participant, 37, phase=challenge.phases.get(key="silent"))
    assert signed_in(participant).get(address_of(silent)).status_code == 404
    assert signed_in(organiser).get(address_of(silent)).status_code == 200


def test_the_documents_of_the_data_list_to_each_what_they_may_see(
    scored, challenge, participant, rival, organiser, outsider, signed_in
):
    mine, theirs = scored(participant, 40), scored(rival, 30)
    silent = scored(participant, 30, phase=challenge.phases.get(key="silent"))
    both = documents(signed_in(organiser))
    assert all(address_of(one) in both for one in (mine, theirs, silent))
    own = documents(signed_in(participant))
    assert address_of(mine) in own
    assert address_of(theirs) not in own
    assert address_of(silent) not in own
    for client in (Client(), signed_in(outsider)):
        assert "report.html" not in documents(client)


@pytest.fixture
def guarded(challenge, write_challenge, tmp_path):
    toml = phase_toml("dev") + 'guard = "ladder:step=0.25"\n'
    folder = write_challenge(tmp_path / "guarded", phases=toml).folder
    publish(source=folder, by=None, now=timezone.now())
    return challenge.phases.select_related("challenge__current").get(key="dev")


def test_a_guarded_report_holds_the_number_that_was_told_alone(
    guarded, scored, participant, signed_in
):
    submission = scored(participant, 37, phase=guarded)
    text = signed_in(participant).get(address_of(submission)).content.decode()
    assert "0.5" in text
    for score in submission.evaluation.scores.all():
        for value in (score.value, score.low, score.high):
            assert f"{value:.3f}" not in text
    assert "Subgroups" not in text
