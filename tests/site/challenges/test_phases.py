"""Phases open and close by themselves: nothing runs at that moment, every door looks at the clock."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from heldout.site.challenges.services import edit_phase
from heldout.site.common.problems import Refused
from heldout.site.submissions.models import Submission

OPENS, CLOSES = datetime(2031, 3, 1, 9, tzinfo=UTC), datetime(2031, 3, 8, 9, tzinfo=UTC)
BEFORE, DURING, AFTER = OPENS - timedelta(seconds=1), OPENS, CLOSES + timedelta(seconds=1)
SUBMIT = "/api/v1/challenges/cats/phases/dev/submissions"


@pytest.fixture
def clock(monkeypatch):
    """Set what time it is for the whole site."""
    return lambda now: monkeypatch.setattr("django.utils.timezone.now", lambda: now)


@pytest.fixture
def scheduled(phase, organiser):
    return edit_phase(phase=phase, by=organiser, now=OPENS, opens=OPENS, closes=CLOSES)


@pytest.fixture
def client_at(clock, api, participant):
    """A participant's client at a moment; the token is made at the same one."""

    def at(now):
        clock(now)
        return api(participant)

    return at


def hand_in(client, predictions):
    return client.post(SUBMIT, {"file": SimpleUploadedFile("p.csv", predictions(30))})


@pytest.mark.parametrize(
    ("now", "status"), [(BEFORE, "upcoming"), (DURING, "open"), (CLOSES, "open"), (AFTER, "closed")]
)
def test_the_api_tells_the_state_of_the_moment(scheduled, client_at, now, status):
    phases = client_at(now).get("/api/v1/challenges/cats/phases").json()
    assert next(one["status"] for one in phases if one["id"] == "dev") == status


@pytest.mark.parametrize(("now", "words"), [(BEFORE, "not open yet"), (AFTER, "is closed")])
def test_a_file_is_refused_outside_the_phase_and_nothing_is_stored(
    scheduled, client_at, predictions, now, words, settings
):
    answer = hand_in(client_at(now), predictions)
    assert answer.status_code == 409
    assert words in answer.content.decode()
    assert not Submission.objects.exists()
    assert not list(settings.SUBMISSIONS.rglob("*.*"))


@pytest.mark.parametrize("now", [DURING, CLOSES])
def test_a_file_is_taken_from_the_first_moment_to_the_last(scheduled, client_at, predictions, now):
    assert hand_in(client_at(now), predictions).status_code == 201


@pytest.mark.parametrize(
    ("now", "status"), [(BEFORE, "upcoming"), (DURING, "open"), (AFTER, "closed")]
)
def test_the_pages_tell_the_state_of_the_moment(scheduled, client, clock, now, status):
    clock(now)
    for page in ("", "rules/"):
        shown = client.get(f"/challenges/cats/{page}").context["phases"]
        assert next(view.status for view in shown if view.key == "dev") == status


def test_the_form_takes_no_file_after_the_end(
    scheduled, signed_in, clock, participant, predictions
):
    client = signed_in(participant)
    clock(AFTER)
    given = {"phase": "dev", "file": SimpleUploadedFile("p.csv", predictions(30))}
    client.post("/challenges/cats/submit/", given)
    assert not Submission.objects.exists()


def test_a_phase_is_closed_early_by_moving_its_end(scheduled, organiser, client_at, predictions):
    edit_phase(phase=scheduled, by=organiser, now=DURING, closes=DURING + timedelta(hours=1))
    assert hand_in(client_at(DURING + timedelta(hours=2)), predictions).status_code == 409


def test_title_and_freeze_are_edited_over_the_api(scheduled, api, organiser):
    freezes = "2031-03-07T09:00:00Z"
    answer = api(organiser).patch(
        "/api/v1/challenges/cats/phases/dev",
        {"title": "Warm-up", "freezes": freezes},
        content_type="application/json",
    )
    assert answer.status_code == 200
    assert (answer.json()["title"], answer.json()["freezes"]) == ("Warm-up", freezes)
    answer = api(organiser).patch(
        "/api/v1/challenges/cats/phases/dev", {"freezes": None}, content_type="application/json"
    )
    assert answer.json()["freezes"] is None


@pytest.mark.parametrize("freezes", ["2031-03-09T09:00:00Z", "2031-03-07T09:00:00", "1999-01-01"])
def test_a_freeze_outside_the_phase_is_refused(scheduled, api, organiser, freezes):
    answer = api(organiser).patch(
        "/api/v1/challenges/cats/phases/dev", {"freezes": freezes}, content_type="application/json"
    )
    assert answer.status_code == 422


def test_a_retired_phase_is_not_edited(scheduled, organiser, api):
    scheduled.retired = True
    scheduled.save()
    with pytest.raises(Refused, match="no longer has this phase"):
        edit_phase(phase=scheduled, by=organiser, now=DURING, per_day=1)
    answer = api(organiser).patch(
        "/api/v1/challenges/cats/phases/dev", {"per_day": 1}, content_type="application/json"
    )
    assert answer.status_code == 409


def test_who_accepted_earlier_rules_accepts_the_new_ones_before_submitting(
    revise, challenge, api, participant, predictions
):
    before = challenge.revision.terms_digest
    revise(terms="# Rules\n\nBe kinder.\n")
    client = api(participant)
    refused = hand_in(client, predictions)
    assert refused.status_code == 409
    assert "terms are not accepted" in refused.content.decode()
    after = client.get("/api/v1/challenges/cats").json()["terms_digest"]
    client.post(
        "/api/v1/challenges/cats/terms", {"terms_digest": after}, content_type="application/json"
    )
    assert hand_in(client, predictions).status_code == 201
    accepted = challenge.acceptances.filter(user=participant).values_list("terms_digest", flat=True)
    assert set(accepted) == {before, after}


def test_a_revision_with_the_same_rules_asks_nobody_again(revise, api, participant, predictions):
    revise(README="# Cats\n\nAnother page.\n")
    assert hand_in(api(participant), predictions).status_code == 201
