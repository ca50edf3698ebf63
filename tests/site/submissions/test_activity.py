import csv
import io
from datetime import UTC, datetime

import pytest
from django.test import Client

from heldout.site.challenges.models import Role
from heldout.site.challenges.services import add_organiser
from heldout.site.submissions import activity
from heldout.site.submissions.models import Status, Submission

PAGE, API = "/challenges/cats/organise/statistics/", "/api/v1/challenges/cats/statistics"


@pytest.fixture
def written(phase, participant, rival):
    """Rows as the worker would leave them, without its work."""

    def write(by, at, status=Status.SCORED, problems=()):
        return Submission.objects.create(
            phase=phase,
            entrant=by.memberships.get().entrant,
            by=by,
            created_at=at,
            filename="p.csv",
            size=1,
            sha256="0" * 64,
            status=status,
            problems=[{"place": "", "message": one, "remedy": ""} for one in problems],
        )

    return write


def test_days_are_those_of_the_challenges_clock(challenge, written, participant, rival):
    # In Berlin the 2nd of July begins at 22:00 of the 1st.
    written(participant, datetime(2026, 7, 1, 21, 59, tzinfo=UTC))
    written(participant, datetime(2026, 7, 1, 22, 0, tzinfo=UTC), Status.REFUSED)
    written(rival, datetime(2026, 7, 2, 12, 0, tzinfo=UTC))
    challenge.members.update(joined_at=datetime(2026, 7, 1, 5, tzinfo=UTC))
    found = [
        (str(one.day), one.submissions, one.scored, one.refused, one.entrants, one.joined)
        for one in activity.days(challenge)
    ]
    assert found == [("2026-07-02", 2, 1, 1, 2, 0), ("2026-07-01", 1, 1, 0, 1, 2)]


def test_a_list_in_a_reason_is_one_sign_however_long():
    for names in ('"a"', '"a", "b"', '"a", "b", "c" and 330 more'):
        found = activity.general(f"no prediction for 340 examples: {names}")
        assert found == "no prediction for … examples: …"


def test_reasons_leave_out_what_only_one_file_has(challenge, written, participant, rival):
    at = datetime(2026, 7, 1, tzinfo=UTC)
    label = 'label "{}" is not one of the 80 categories'
    written(participant, at, Status.REFUSED, [label.format("zebr"), label.format("cow")])
    written(rival, at, Status.REFUSED, [label.format("dgo"), "lacks 1,204 examples (e1, e2)"])
    written(rival, at, Status.REFUSED, ["lacks 3 examples (e7)"])
    written(rival, at, Status.SCORED)
    assert activity.reasons(challenge) == [
        ("label … is not one of the … categories", 2, 2),
        ("lacks … examples …", 2, 1),
    ]


def test_the_best_so_far_follows_the_direction_of_the_metric():
    at = datetime(2026, 7, 1, tzinfo=UTC)
    found = [(at, "a", str(number), value) for number, value in enumerate([0.5, 0.4, 0.5, 0.7])]
    rising = activity._with_best(found, higher_is_better=True)
    assert [dot.best for dot in rising] == [True, False, False, True]
    falling = activity._with_best(found, higher_is_better=False)
    assert [dot.best for dot in falling] == [True, True, False, False]


def test_the_statistics_are_the_organisers(
    challenge, participant, outsider, annotator, organiser, signed_in, api
):
    reviewer = annotator
    add_organiser(
        challenge=challenge,
        email=reviewer.email,
        role=Role.REVIEWER,
        by=organiser,
        now=datetime(2026, 7, 1, tzinfo=UTC),
    )
    for path in (PAGE, f"{PAGE}days.csv"):
        assert Client().get(path).status_code == 302
        for person in (participant, outsider):
            assert signed_in(person).get(path).status_code == 403
        assert signed_in(reviewer).get(path).status_code == 200
    assert api(participant).get(API).status_code == 403
    assert api(reviewer).get(API).status_code == 200


def test_page_table_and_api_agree(challenge, participant, rival, scored, organiser, signed_in, api):
    scored(participant, 30)
    scored(rival, 45)
    challenge.entrants.filter(name="rival").update(name="=rival")
    client = signed_in(organiser)
    html = client.get(PAGE).content.decode()
    assert "75.0" in html
    assert "No file has been refused." in html
    rows = list(csv.DictReader(io.StringIO(client.get(f"{PAGE}scores.csv").content.decode())))
    assert [(row["entrant"], row["value"]) for row in rows] == [
        ("participant", "0.5"),
        ("'=rival", "0.75"),
    ]
    told = api(organiser).get(API).json()
    assert told["totals"]["submissions"] == 2
    assert [dot["value"] for dot in told["phases"][0]["scores"]] == [0.5, 0.75]
    assert client.get(f"{PAGE}nothing.csv").status_code == 404


def test_a_challenge_nobody_entered_has_an_empty_page(challenge, organiser, signed_in):
    html = signed_in(organiser).get(PAGE).content.decode()
    assert "Nobody has joined yet." in html
